"""A policy that asks for the contamination record, and what it takes to pass it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from qlora_gov.cli.main import run
from tests.support.project import SOURCE, make_project, rows, write_rows

RULES = {
    "rules": [
        {"use": "non_inferior", "metric": "perplexity", "margin": 0.5, "kind": "relative"},
        {"use": "decontaminated"},
    ]
}
LEAKS = [row | {"group": f"leak {at}"} for at, row in enumerate(rows(12, "Tell")[:3])]


def released(root: Path, base: Path, *steps: Any, capsys: pytest.CaptureFixture[str]) -> tuple[int, str]:
    """The exit code of a run whose training rows hold three of the evaluation rows, and its card."""
    evaluation = {"sources": [{"path": "evaluation.jsonl", **SOURCE}]}
    training = {"sources": [{"path": "leaky.jsonl", **SOURCE}], "steps": list(steps)}
    write_rows(root / "leaky.jsonl", [*rows(16, "Ask"), *LEAKS])
    metrics = {"generation": {"max_new_tokens": 2}, "metrics": ["perplexity"]}
    data = {"training": training, "evaluation": evaluation}
    project = make_project(root, base, data=data, policy=RULES, evaluation=metrics)
    code = run(["run", str(project)])
    assert run(["verify", str(project)]) == 0
    capsys.readouterr()
    (card,) = root.glob(".qlora_gov/cards/*/card.md")
    return code, card.read_text()


def test_without_the_record_the_gate_closes(
    tmp_path: Path, tiny_base: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, card = released(tmp_path, tiny_base, "exact_duplicates", capsys=capsys)
    assert code == 1
    assert "not known: no curation step says that it compared the training set with the held-out rows" in card


def test_a_leak_that_is_dropped_passes(tmp_path: Path, tiny_base: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, card = released(tmp_path, tiny_base, "held_out_leak", capsys=capsys)
    assert code == 0
    assert "data: of 19 training rows data/held_out_leak dropped 3; no other was found to share anything" in card
    assert "197 of 350 questions in other words (56%)" in card


def test_a_leak_that_is_waved_through_fails(
    tmp_path: Path, tiny_base: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, card = released(tmp_path, tiny_base, {"use": "held_out_leak", "keep": True}, capsys=capsys)
    assert code == 1
    assert "dropped 0; 3 more share something with an evaluation row, and were left in" in card
    assert "**3 rows share something with a held-out one, and were left in.**" in card
