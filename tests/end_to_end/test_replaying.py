"""Replaying answers of a real, tiny model; and what of a trained release traces and verifies."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from qlora_gov.cli.main import run
from qlora_gov.evidence.datasets import evaluation_rows
from qlora_gov.ledger import Ledger
from qlora_gov.pipeline import replay
from qlora_gov.records.answer import Answer
from qlora_gov.records.example import Example
from qlora_gov.stages.respond import batches
from tests.support.imported import GOOD, make_imported
from tests.support.project import make_project


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory, tiny_base: Path) -> Path:
    """A project with its decision and card; whatever the decision says."""
    project = make_project(tmp_path_factory.mktemp("trained"), tiny_base)
    assert run(["run", str(project)]) in (0, 1, 3)
    return project


def questions(project: Path) -> Sequence[Example]:
    ledger = Ledger(project.parent / ".qlora_gov" / "ledger.duckdb")
    dataset = next(e.id for e in ledger.entries("dataset") if e.record.role == "evaluation")  # type: ignore[attr-defined]
    return evaluation_rows(ledger, dataset)


@pytest.fixture
def copy(trained: Path, tmp_path: Path) -> Path:
    shutil.copytree(trained.parent, tmp_path / "copy")
    return tmp_path / "copy" / trained.name


@pytest.mark.parametrize("side", ["candidate", "champion"])
def test_the_same_machine_answers_the_same_in_the_same_batches(
    trained: Path, side: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = questions(trained)
    planned = [[rows[at] for at in batch] for batch in batches(rows, 4)]
    asked, ask = [], replay.ask

    def kept(subject: Any, examples: Sequence[Example], *settings: Any, **more: Any) -> list[Answer]:
        asked.append(list(examples))
        return ask(subject, examples, *settings, **more)

    monkeypatch.setattr(replay, "ask", kept)
    assert run(["replay", str(trained), "--rows", "5", "--side", side]) == 0
    out = capsys.readouterr().out
    assert f"{side}: 8 of 8 answers are the same to the character; 8 of 8 log-likelihoods within 0.001 relative" in out
    assert "in 2 of the 3 batches that they were answered in" in out
    assert asked == [planned[0], planned[1]]
    assert "environment: the same as then" in out


def test_other_answers_cannot_tell(
    copy: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = replay.ask

    def otherwise(subject: Any, examples: Sequence[Example], *settings: Any, **more: Any) -> list[Answer]:
        answers = asked(subject, examples, *settings, **more)
        others = (replace(answer, response=f"{answer.response}.") for answer in answers)
        return [
            other if example.question.endswith(" 4?") else answer
            for example, answer, other in zip(examples, answers, others, strict=True)
        ]

    monkeypatch.setattr(replay, "ask", otherwise)
    monkeypatch.setenv("OMP_NUM_THREADS", "7")
    (changed,) = [at for at, row in enumerate(questions(copy)) if row.question.endswith(" 4?")]
    assert run(["replay", str(copy), "--rows", "12"]) == 3
    out = capsys.readouterr().out
    assert "candidate: 11 of 12 answers are the same to the character; 12 of 12 log-likelihoods" in out
    assert f"row {changed} differs in its answer" in out
    assert "environment: threads was" in out


def test_an_edited_adapter_is_not_replayed(copy: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = next(copy.parent.glob(".qlora_gov/adapters/*/adapter_model.safetensors"))
    file.write_bytes(file.read_bytes()[:-1] + b"!")
    assert run(["replay", str(copy), "--rows", "1"]) == 12
    assert "does not hold the files of adapter" in capsys.readouterr().err


def test_another_base_is_not_replayed(copy: Path, tiny_base: Path, capsys: pytest.CaptureFixture[str]) -> None:
    other = copy.parent / tiny_base.name
    shutil.copytree(tiny_base, other)
    (other / "README.md").write_text("Another.\n")
    copy.write_text(copy.read_text().replace(str(tiny_base), str(other)))
    assert run(["replay", str(copy), "--rows", "1"]) == 7
    assert "is no longer the base that is on record as sha256:" in capsys.readouterr().err


def test_imported_answers_cannot_be_replayed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    project = make_imported(tmp_path / "project")
    assert project.log(GOOD) == project.log(GOOD, "a") == project("gate") == 0
    assert project("replay", "--rows", "3") == 2
    assert "imported from another tool's log" in capsys.readouterr().err


def test_a_trained_release_verifies_and_traces_to_its_source(trained: Path, capsys: pytest.CaptureFixture[str]) -> None:
    card = next(trained.parent.glob(".qlora_gov/cards/*/card.md"))
    assert run(["verify", str(card), "--project", str(trained), "--intervals"]) == 0
    assert run(["trace", str(card), "perplexity", str(trained), "--rows", "2"]) == 0
    out = capsys.readouterr().out
    assert "evaluation.jsonl:" in out
    assert "qlora_gov_metrics/perplexity" in out or "metrics/perplexity" in out
    assert "(nll " in out
