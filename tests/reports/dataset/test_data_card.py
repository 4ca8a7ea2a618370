from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from huggingface_hub import DatasetCard
from markdown_it import MarkdownIt

from qlora_gov.ledger import read_parquet
from qlora_gov.records import Absent
from qlora_gov.release.exports import export_version
from qlora_gov.reports.dataset.data_card import hub_metadata, render_data_card
from qlora_gov.reports.dataset.description import DataDescription, described
from tests.support.versions import space_of, version_of


@pytest.fixture(scope="module")
def description(versions: Path) -> DataDescription:
    return described(version_of(space_of(versions)), "Tiny | *two*", "2026-11-29T16:00:00+00:00")


def tables(text: str) -> list[list[list[str]]]:
    """The cells of each table."""
    found: list[list[list[str]]] = []
    cell = False
    for token in MarkdownIt().enable("table").parse(text.partition("\n---\n")[2]):
        match token.type:
            case "table_open":
                found.append([])
            case "tr_open":
                found[-1].append([])
            case "inline" if cell:
                found[-1][-1].append(token.content)
        cell = token.type in ("th_open", "td_open")
    return found


def test_it_says_what_is_in_it_and_what_was_dropped(description: DataDescription) -> None:
    text = render_data_card(description)
    cells = tables(text)
    assert all(len({len(row) for row in rows}) == 1 for rows in cells), "no text opens a cell"
    flat = [row for rows in cells for row in rows]
    assert ["exact duplicate: 1" in row for row in flat].count(True) == 1
    assert any(row[0].startswith("`data/length`") and row[3] == "answer over max_words: 1" for row in flat)
    (source,) = (row for row in flat if "asked.jsonl" in row[0])
    assert source[1:] == ["20", "CC-BY-4.0", "synthetic", "contract &#124; 7"]
    (other,) = (row for row in flat if "more.jsonl" in row[0])
    assert other[2:] == ["not measured: no licence is stated", *["not measured: not declared"] * 2]
    (mixed,) = (row for row in flat if row[0] == "human" and row[1] == "40.0%")
    assert mixed[2:] == [str(description.mixing.had["human"]), str(description.mixing.taken["human"])]  # type: ignore[union-attr]
    assert f"`{description.data.digest}`" in text
    assert "never its text" in text


def test_the_hub_reads_its_front_matter(description: DataDescription) -> None:
    data = DatasetCard(render_data_card(description)).data.to_dict()
    assert data["language"] == ["en"]
    assert data["license"] == ["cc-by-4.0", "unknown"]
    assert data["pretty_name"] == "Tiny | *two*: training data"
    assert [config["config_name"] for config in data["configs"]] == ["default", "origins", "changes"]
    assert {config["data_files"][0]["split"] for config in data["configs"]} == {"train"}


@pytest.mark.parametrize(
    ("licences", "told"),
    [
        (("apache-2.0",), {"license": "apache-2.0"}),
        (("Our own", "mit"), {"license": ["mit", "other"]}),
        (("Our own",), {"license": "other", "license_name": "our-own"}),
        ((Absent(absent="none"),), {"license": "unknown"}),
    ],
)
def test_licences_are_told_as_the_hub_knows_them(
    description: DataDescription, licences: tuple[Any, ...], told: dict[str, Any]
) -> None:
    metadata = hub_metadata(description.model_copy(update={"licences": licences}))
    assert {key: value for key, value in metadata.items() if key.startswith("license")} == told


@pytest.mark.parametrize(("role", "split"), [("training", "train"), ("evaluation", "test")])
def test_the_directory_loads_as_a_data_set(versions: Path, tmp_path: Path, role: str, split: str) -> None:
    import datasets

    space = space_of(versions)
    export_version(space, version_of(space, role), tmp_path / "out")
    found = datasets.load_dataset(str(tmp_path / "out"), split=split, cache_dir=str(tmp_path / "cache"))
    assert found["id"][:] == read_parquet(tmp_path / "out" / "rows.parquet")["id"]
    assert {turn["role"] for turn in found[0]["messages"]} == {"user", "assistant"}
    origins = datasets.load_dataset(str(tmp_path / "out"), "origins", split=split, cache_dir=str(tmp_path / "cache"))
    assert len(origins) == len(found)


def test_a_project_s_own_template_stands_before_the_installed_one(description: DataDescription, tmp_path: Path) -> None:
    (tmp_path / "dataset.md.jinja").write_text("{{ project }} has {{ data.rows }} rows.\n")
    metadata, _, body = render_data_card(description, tmp_path).removeprefix("---\n").partition("---\n")
    assert yaml.safe_load(metadata)["tags"] == ["qlora-gov"]
    assert body == f"\nTiny &#124; &#42;two&#42; has {description.data.rows} rows.\n"
