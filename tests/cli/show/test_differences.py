"""What `data diff` tells a reader who has nothing but its lines."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from qlora_gov.cli.main import run
from qlora_gov.ledger import Ledger
from qlora_gov.ledger.reading import held
from qlora_gov.records import DatasetVersion
from tests.support.project import make_project, write_rows


@pytest.fixture(autouse=True)
def wide(monkeypatch: pytest.MonkeyPatch) -> None:
    """A terminal in which no cell is broken."""
    monkeypatch.setenv("COLUMNS", "200")


def asked(number: int, answer: str = "In the app.") -> dict[str, Any]:
    return {"prompt": f"Where is number {number}?", "response": f"{answer} It is {number * 7}."}


def diff(
    directory: Path,
    base: Path,
    capsys: pytest.CaptureFixture[str],
    before: list[Any],
    after: list[Any],
    *more: str,
    steps: Sequence[Any] = ("exact_duplicates", {"use": "pii", "action": "redact"}),
) -> list[str]:
    """The lines of the difference of two versions, their white space as one."""
    directory.mkdir(exist_ok=True)
    project = make_project(
        directory,
        base,
        data={
            "training": {"sources": [{"use": "jsonl", "path": "own.jsonl", "licence": "other"}], "steps": [*steps]},
            "evaluation": {"sources": [{"use": "jsonl", "path": "evaluation.jsonl", "licence": "other"}]},
        },
    )
    data = ["data", "--project", str(project)]
    for content in (before, after):
        write_rows(directory / "own.jsonl", content)
        assert run([*data, "build"]) == 0
    ledger = Ledger(directory / ".qlora_gov" / "ledger.duckdb")
    versions = [held(entry, DatasetVersion) for entry in ledger.entries("dataset")]
    first, second = (version.id for version in versions if version.role == "training")
    capsys.readouterr()
    assert run([*data, "diff", first, second, *more]) == 0
    return [" ".join(line.split()) for line in capsys.readouterr().out.splitlines()]


def test_every_row_is_accounted_for_and_every_coming_and_going_has_its_reason(
    tmp_path: Path, tiny_base: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = [asked(0), asked(1), asked(2), asked(3, "Write to ann@example.com.")]
    after = [asked(1), asked(2), asked(2), asked(3, "Write to ann@example.com."), asked(4), asked(5)]
    told = diff(tmp_path, tiny_base, capsys, before, after, "--rows")
    assert re.fullmatch(r"before training version \w{12}, recorded [-\d]+ [:\d]+: 4 rows", told[0])
    assert "3 rows are the same in both; 2 added, 1 removed, 0 changed" in told
    assert "added 2 not stated own.jsonl not read before" in told
    assert "removed 1 not stated own.jsonl not read after" in told
    assert any(line.startswith("added own.jsonl:5 (not stated, row ") for line in told)
    assert any(line.startswith("removed own.jsonl:1 (not stated, row ") for line in told)
    assert "read 4 6" in told
    assert "dropped by data/exact_duplicates: exact duplicate - 1" in told
    assert "left 4 5" in told
    assert "left, but changed by guardrails/pii: EMAIL_ADDRESS, URL 1 1" in told
    assert "ann@" not in " ".join(told)


def test_what_a_step_did_on_the_other_side_is_the_reason(
    tmp_path: Path, tiny_base: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Of two near duplicates one stays, whichever; where the other one was alone before, the step took it away."""
    pair = [
        {
            "prompt": f"How do I block my lost card in the app {when}?",
            "response": "Choose Cards, then Block.",
        }
        for when in ("today", "now")
    ]
    steps = [{"use": "near_duplicates", "threshold": 0.5}]
    told = [
        diff(tmp_path / str(at), tiny_base, capsys, [asked(9), one], [*pair, asked(9)], steps=steps)
        for at, one in enumerate(pair)
    ]
    lost = [lines for lines in told if "removed 1 not stated own.jsonl after, dropped by data/near_duplicates" in lines]
    assert len(lost) == 1
    assert any(line.startswith("dropped by data/near_duplicates: near-duplicate - 1") for line in lost[0])
    assert "added 1 not stated own.jsonl not read before" in lost[0]


def test_the_same_rows_from_other_files_are_no_difference_of_rows(
    tmp_path: Path, tiny_base: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    told = diff(tmp_path, tiny_base, capsys, [asked(1), asked(1)], [asked(1)])
    assert "1 rows are the same in both; 0 added, 0 removed, 0 changed" in told
    assert "dropped by data/exact_duplicates: exact duplicate 1 -" in told
    assert any(line.startswith("What is not listed is the same in both") for line in told)
