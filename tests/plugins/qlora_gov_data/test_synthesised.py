"""Rows that a model made are read as they were made, or not at all."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from qlora_gov import DataError, Example
from qlora_gov_data.synthesised import Synthesised, SynthesisedSettings

ID = f"sha256:{'0' * 64}"
LABEL = {"model": "m-8b", "template": ID, "date": "2026-11-29", "parents": [ID]}
ROW = {"prompt": "Why?", "response": "Because.", "group": "g", "provenance": "synthetic", "synthetic": LABEL}

Write = Callable[..., Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Write rows as a file with its manifest."""

    def written(*rows: Any) -> Path:
        path = tmp_path / "made.jsonl"
        path.write_text("".join(f"{json.dumps(row)}\n" for row in rows))
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        (tmp_path / "made.manifest.json").write_text(json.dumps({"digest": f"sha256:{digest}"}))
        return path

    return written


def read(path: Path) -> list[Example]:
    return list(Synthesised(SynthesisedSettings(path=path)).read())


def test_labelled_rows_are_examples_with_their_label(write: Write) -> None:
    first, second = read(write(ROW, ROW))
    assert (first.source, second.source) == ("made.jsonl:1", "made.jsonl:2")
    assert (first.provenance, first.group, first.extra) == ("synthetic", "g", {"synthetic": LABEL})


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"synthetic": None}, "is not labelled: 'provenance' must be synthetic, and 'synthetic' say who made it"),
        ({"provenance": "human"}, "is not labelled"),
        ({"provenance": None}, "is not labelled"),
        ({"synthetic": {**LABEL, "model": ""}}, "synthetic.model: string should have at least 1 character"),
        ({"synthetic": {**LABEL, "template": "mine"}}, "synthetic.template: value error, should be a digest"),
        ({"synthetic": {**LABEL, "date": "today"}}, "synthetic.date: "),
        ({"synthetic": {**LABEL, "parents": []}}, "synthetic.parents: "),
        ({"synthetic": {"model": "m-8b"}}, "synthetic.template: field required"),
        ({"synthetic": "m-8b"}, "synthetic."),
        ({"response": " "}, "the assistant's turn is empty"),
    ],
)
def test_a_row_that_does_not_say_who_made_it_is_refused_with_its_line(
    write: Write, change: dict[str, Any], said: str
) -> None:
    with pytest.raises(DataError) as caught:
        read(write(ROW, {**ROW, **change}))
    assert caught.value.lines[0].startswith(
        f"made.jsonl:2: {said}" if said.startswith(("is", "syn")) else "made.jsonl:2"
    )
    assert said in caught.value.lines[0]
    assert len(caught.value.lines) == 1


def test_a_file_that_was_edited_is_refused(write: Write) -> None:
    path = write(ROW, ROW)
    path.write_bytes(path.read_bytes().replace(b"Because.", b"Just so.", 1))
    with pytest.raises(DataError, match=r"made\.jsonl: is not what made\.manifest\.json says; run 'data synthesise'"):
        read(path)


def test_a_file_without_its_manifest_is_refused(write: Write) -> None:
    path = write(ROW)
    path.with_suffix(".manifest.json").write_text("[]")
    with pytest.raises(DataError, match="is not what"):
        read(path)
    path.with_suffix(".manifest.json").unlink()
    with pytest.raises(DataError, match=r"made\.manifest\.json: cannot be read: No such file or directory"):
        read(path)
