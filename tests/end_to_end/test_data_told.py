"""What the commands, the card and the changelog say of one dataset version is the same."""

from __future__ import annotations

from pathlib import Path

import pytest

from qlora_gov.cli.main import run
from qlora_gov.ledger import Ledger
from qlora_gov.ledger.reading import held
from qlora_gov.records import DatasetVersion
from tests.support.project import SOURCE, make_project, rows, write_rows

STEPS = ["exact_duplicates", {"use": "pii", "recognisers": 2, "action": "redact"}, "held_out_leak"]


def row(number: int, question: str, answer: str) -> dict[str, str]:
    return {"prompt": question, "response": answer, "group": f"more-{number}", "provenance": "human"}


FIRST = [row(1, "Whom do I ask?", "Write to ann@example.com."), row(2, "Tell card 0?", "In the app.")]
SECOND = [row(1, "Whom do I ask?", "Call us, please."), *FIRST[1:], row(3, "Where is it?", "Here."), *rows(2, "Ask")]


def test_they_agree(tmp_path: Path, tiny_base: Path, capsys: pytest.CaptureFixture[str]) -> None:
    project = make_project(
        tmp_path,
        tiny_base,
        data={
            "training": {
                "sources": [{"path": "train.jsonl", **SOURCE}, {"path": "more.jsonl", **SOURCE}],
                "steps": STEPS,
            },
            "evaluation": {"sources": [{"path": "evaluation.jsonl", **SOURCE}]},
        },
        evaluation={"generation": {"max_new_tokens": 2}, "metrics": ["perplexity"]},
        policy={"rules": [{"use": "non_inferior", "metric": "perplexity", "margin": 0.5, "kind": "relative"}]},
    )
    cards = []
    for more in (FIRST, SECOND):
        write_rows(tmp_path / "more.jsonl", more)
        assert run(["run", str(project)]) == 0
        assert run(["promote", str(project)]) == 0
        cards.append(max(tmp_path.glob(".qlora_gov/cards/*/card.md"), key=lambda path: path.stat().st_mtime_ns))

    def said(*arguments: str) -> str:
        capsys.readouterr()
        assert run([*arguments]) == 0
        return capsys.readouterr().out

    ledger = Ledger(tmp_path / ".qlora_gov" / "ledger.duckdb")
    found = [held(entry, DatasetVersion) for entry in ledger.entries("dataset")]
    first, second = (version for version in found if version.role == "training")
    data = ("data", "--project", str(project))
    shown, card, log = said(*data, "show", second.digest), cards[1].read_text(), said("changelog", str(project))
    log = log.replace("\\", "")  # what Markdown takes as itself
    assert f"{second.rows} rows in {second.groups} groups" in shown
    assert f"{second.rows} rows in {second.groups} groups" in card
    assert f"| rows | {first.rows} | {second.rows} |" in log
    dropped = {step.component.name: step.dropped for step in second.steps if step.dropped}
    assert dropped == {"data/exact_duplicates": {"exact duplicate": 2}, "data/held_out_leak": {"text is held out": 1}}
    for name, (reason, count) in ((name, *reasons.items()) for name, reasons in dropped.items()):
        assert any(name in line and f"{count} {reason}" in line for line in shown.splitlines())
        assert any(name in line and f"{reason}: {count}" in line for line in card.splitlines())
    assert "| data/exact_duplicates: exact duplicate | not there | 2 |" in log
    assert "| guardrails/pii: EMAIL_ADDRESS | 1 | not there |" in log
    told = said(*data, "diff", first.digest, second.digest)
    for what, count, line in (
        ("added", 1, "human        more.jsonl"),
        ("changed", 1, "human        more.jsonl"),
    ):
        assert any(part.split()[:2] == [what, str(count)] and line in part for part in told.splitlines())
        assert f"| {what} | {count} | human | more.jsonl |" in card
        assert log.count(f"| {what} | {count} | human | more.jsonl |") == 2  # of the version, and of the promotion
