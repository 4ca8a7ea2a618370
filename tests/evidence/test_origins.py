"""A row's file is found by its name, and by its text where several files have that name."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from qlora_gov.canonical import file_id
from qlora_gov.evidence.datasets import evaluation_rows
from qlora_gov.evidence.origins import origin
from qlora_gov.pipeline.reporting import _beside
from qlora_gov.records import Component, DatasetVersion, SourceUse
from qlora_gov.records.example import Example, Message
from tests.support.golden import TRAINED, laid_out


def naming(*files: dict[str, str]) -> DatasetVersion:
    """A dataset with a source for each recorded file, or what else is recorded as one."""
    common: dict[str, Any] = {"name": "data/jsonl", "distribution": "qlora-gov", "version": "1", "source": "sha256:1"}
    components = [Component(**common, settings={"path": file}) for file in files]
    sources = tuple(SourceUse(component=component, rows=3, licence=None) for component in components)
    return DatasetVersion(role="evaluation", sources=sources, steps=(), rows=3, groups=3, mix={}, digest="sha256:2")


def dataset(root: Path, *paths: str) -> DatasetVersion:
    return naming(*({"path": path, "digest": file_id(root / path)} for path in paths))


def example(question: str, source: str, answer: str = "Yes.") -> Example:
    messages = (Message(role="user", content=question), Message(role="assistant", content=answer))
    return Example(messages=messages, group="g", source=source)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    for folder in ("cards", "loans"):
        (tmp_path / folder).mkdir()
        lines = [json.dumps({"prompt": f"{folder} {at}?", "response": "Yes."}) for at in range(3)]
        (tmp_path / folder / "rows.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return tmp_path


@pytest.mark.parametrize(
    ("named", "source", "found"),
    [
        ("docs", "docs/cards/fees.md:3", "docs/cards/fees.md"),
        ("docs/**/*.md", "docs/cards/fees.md:3", "docs/cards/fees.md"),
        ("docs/**/*.md", "docs/fees.md:3", "docs/fees.md"),
        ("docs/*.md", "docs/fees.txt:3", None),
        ("docs", "documents/fees.md:3", None),
        ("https://example.com/rows.jsonl", "https://example.com/rows.jsonl:3", None),
    ],
)
def test_a_file_among_others_is_that_of_the_row_and_a_url_is_none(
    named: str, source: str, found: str | None, root: Path
) -> None:
    assert origin(example("cards 1?", source), naming({"path": named, "digest": f"sha256:{'0' * 64}"}), root) == found


def test_the_one_file_of_its_name(root: Path) -> None:
    assert origin(example("anything", "rows.jsonl:2"), dataset(root, "cards/rows.jsonl"), root) == "cards/rows.jsonl"


def test_two_files_of_one_name_are_told_apart_by_the_row(root: Path) -> None:
    both = dataset(root, "cards/rows.jsonl", "loans/rows.jsonl")
    assert origin(example("cards 1?", "rows.jsonl:2"), both, root) == "cards/rows.jsonl"
    assert origin(example("loans 1?", "rows.jsonl:2"), both, root) == "loans/rows.jsonl"
    assert origin(example("loans 1?", "rows.jsonl:2", "[REDACTED]"), both, root) == "loans/rows.jsonl"


def test_what_cannot_be_told_is_not_guessed(root: Path) -> None:
    both = dataset(root, "cards/rows.jsonl", "loans/rows.jsonl")
    assert origin(example("neither", "rows.jsonl:2", "No."), both, root) is None
    assert origin(example("cards 1?", "rows.jsonl:99"), both, root) is None
    assert origin(example("cards 1?", "other.jsonl:2"), both, root) is None
    assert origin(example("cards 1?", "an address"), both, root) is None
    with (root / "cards" / "rows.jsonl").open("a") as stream:
        stream.write("changed since\n")
    (root / "loans" / "rows.jsonl").unlink()
    assert origin(example("cards 1?", "rows.jsonl:2"), both, root) is None


@pytest.mark.parametrize("name", TRAINED)
def test_rows_of_released_versions_are_found(name: str, tmp_path: Path) -> None:
    golden = laid_out(name, tmp_path / "golden")
    (entry,) = [one for one in golden.ledger.entries("dataset") if one.record.role == "evaluation"]  # type: ignore[attr-defined]
    for row in evaluation_rows(golden.ledger, entry.id):
        assert origin(row, entry.record, golden.root) == "evaluation.jsonl"  # type: ignore[arg-type]


def test_a_file_beside_the_project_is_found_from_the_repository_s_root() -> None:
    assert _beside("release/qlora_gov.yaml", "data/rows.jsonl") == "release/data/rows.jsonl"
    assert _beside("release/qlora_gov.yaml", "../data/rows.jsonl") == "data/rows.jsonl"
    assert _beside("qlora_gov.yaml", "data/rows.jsonl") == "data/rows.jsonl"
    assert _beside("qlora_gov.yaml", "../data/rows.jsonl") is None
