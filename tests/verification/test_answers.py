"""Decisions that count other answers as equal than their rows do."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from qlora_gov.ledger import Entry, ProblemKind
from qlora_gov.records import EqualAnswers
from qlora_gov.verification.answers import answer_problems
from tests.support.imported import Imported


def with_answers(entry: Entry, *answers: EqualAnswers) -> Entry:
    return replace(entry, record=entry.record.model_copy(update={"answers": answers}))


def decision(project: Imported) -> Any:
    return project.ledger.entries("decision")[-1]


def test_what_a_decision_counts_follows_from_the_answers(released: Imported) -> None:
    entries = released.ledger.entries()
    assert all(entry.record.answers for entry in entries if entry.kind == "decision")  # type: ignore[attr-defined]
    assert list(answer_problems(released.ledger, entries)) == []


@pytest.mark.parametrize("change", [{"equal": 1_000}, {"rows": 1}, {"adapter": "sha256:0"}, {"against": "reference"}])
def test_another_count_is_found(released: Imported, change: dict[str, Any]) -> None:
    entry = decision(released)
    forged = with_answers(entry, entry.record.answers[0].model_copy(update=change))
    (problem,) = answer_problems(released.ledger, [forged])
    assert problem.kind is ProblemKind.TAMPERED
    assert "; from the answers follows" in problem.what


def test_a_decision_of_an_earlier_version_counted_nothing(released: Imported) -> None:
    assert list(answer_problems(released.ledger, [with_answers(decision(released))])) == []


def test_answers_that_are_gone_are_told(released: Imported) -> None:
    entry = decision(released)
    gone = replace(entry, record=entry.record.model_copy(update={"champion": "sha256:" + 64 * "0"}))
    (problem,) = answer_problems(released.ledger, [gone])
    assert problem.kind is ProblemKind.MISSING
    assert problem.what.startswith("its equal answers cannot be counted again: ")
