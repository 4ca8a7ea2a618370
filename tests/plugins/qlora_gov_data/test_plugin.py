from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from qlora_gov import FilterSpec, ProjectError, SourceSpec
from qlora_gov.plugin.catalog import Catalog
from qlora_gov.plugin.host import load_catalog


@pytest.fixture(scope="module")
def catalog() -> Catalog:
    return load_catalog()


def test_contributes_its_components_through_the_public_door(catalog: Catalog) -> None:
    mine = {(e.spec.kind, e.spec.name): (e.missing, e.install_command) for e in catalog if e.plugin.name == "data"}

    assert list(mine) == [
        ("filter", "exact_duplicates"),
        ("filter", "held_out_leak"),
        ("filter", "language"),
        ("filter", "length"),
        ("filter", "near_duplicates"),
        ("filter", "reading_level"),
        ("filter", "split"),
        ("source", "csv"),
        ("source", "documents"),
        ("source", "hub"),
        ("source", "jsonl"),
        ("source", "parquet"),
        ("source", "transcripts"),
    ]
    assert all(missing == () for missing, _ in mine.values())
    assert mine["source", "parquet"][1] == 'pip install "qlora-gov[data]"'


def test_a_bound_source_reads_a_file_beside_the_project_file(catalog: Catalog, tmp_path: Path) -> None:
    (tmp_path / "faq.jsonl").write_text('{"prompt": "Why?", "response": "Because."}\n')
    bound = catalog.bind(SourceSpec, "jsonl", {"path": "faq.jsonl"}, root=tmp_path, where="data.training.sources.0")

    assert [example.source for example in bound.make().read()] == ["faq.jsonl:1"]
    assert bound.component.settings["path"]["path"] == "faq.jsonl"  # type: ignore[index, call-overload]


@pytest.mark.parametrize(
    ("kind", "name", "settings", "message"),
    [
        (SourceSpec, "jsonl", {"path": "no.jsonl"}, "path: no such file"),
        (SourceSpec, "hub", {"directory": "no"}, "directory: no such directory"),
        (FilterSpec, "near_duplicates", {"treshold": 0.5}, "did you mean 'threshold'"),
        (FilterSpec, "near_duplicates", {"threshold": 1.0}, "threshold: input should be less than 1"),
        (FilterSpec, "held_out_leak", {"permutations": 8}, "permutations: input should be greater than or equal to 64"),
        (FilterSpec, "length", {}, "set a limit, such as"),
        (FilterSpec, "length", {"answer": {"max_word": 3}}, "did you mean 'max_words'"),
        (FilterSpec, "exact_duplicates", {"threshold": 0.5}, "unknown key .threshold.; known: invisible"),
    ],
)
def test_a_wrong_setting_is_one_clear_line(
    catalog: Catalog, tmp_path: Path, kind: type, name: str, settings: dict[str, object], message: str
) -> None:
    with pytest.raises(ProjectError, match=message) as caught:
        catalog.bind(kind, name, settings, root=tmp_path, where="data.training")
    assert "\n" not in str(caught.value)


def test_loading_the_plugin_imports_none_of_its_libraries() -> None:
    program = (
        "import sys, qlora_gov_data as plugin; plugin.qlora_gov_sources(); plugin.qlora_gov_filters();"
        "heavy = {'datasets', 'py3langid', 'textstat', 'pyphen', 'pyarrow', 'scipy', 'huggingface_hub', 'torch'};"
        "heavy |= {'fsspec', 'markdown_it'};"
        "heavy &= set(sys.modules);"
        "assert not heavy, heavy"
    )
    subprocess.run([sys.executable, "-c", program], check=True)
