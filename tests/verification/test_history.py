"""Decisions, waivers and moves that do not follow from what the ledger held before them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import pytest

from qlora_gov.ledger import Entry, ProblemKind
from qlora_gov.records import DecisionOutcome, Outcome
from qlora_gov.verification.history import history_problems
from tests.support.imported import Imported

Change = Callable[[Any], dict[str, Any]]
"""The fields of a record that are to be others."""


def edited(entries: Sequence[Entry], chosen: Callable[[Any], bool], change: Change) -> tuple[list[Entry], Entry]:
    """The entries with the first chosen record changed, and that entry."""
    at = next(at for at, entry in enumerate(entries) if chosen(entry.record))
    record: Any = entries[at].record
    changed = replace(entries[at], record=record.model_copy(update=change(record)))
    return [*entries[:at], changed, *entries[at + 1 :]], changed


def approved(record: Any) -> bool:
    return record.kind == "decision" and record.outcome is DecisionOutcome.APPROVED


def promoted(record: Any) -> bool:
    return record.kind == "alias" and (record.alias, record.reason) == ("champion", "promoted")


def waived(record: Any) -> bool:
    return promoted(record) and bool(record.waivers)


def rolled_back(record: Any) -> bool:
    return record.kind == "alias" and (record.alias, record.reason) == ("champion", "rolled back")


def verdict(**fields: Any) -> Change:
    """Other fields of the first verdict."""

    def change(record: Any) -> dict[str, Any]:
        first, *rest = record.verdicts
        other = first.model_copy(update={"verdict": first.verdict.model_copy(update=fields)})
        return {"verdicts": (other, *rest)}

    return change


CASES: dict[str, tuple[Callable[[Any], bool], Change, str]] = {
    "another outcome": (approved, lambda d: {"outcome": "REFUSED"}, "from its verdicts follows APPROVED"),
    "a failed rule": (approved, verdict(outcome=Outcome.FAIL), "from its verdicts follows REFUSED"),
    "another look": (approved, lambda d: {"look": d.look + 1}, "on its rows"),
    "exploratory": (approved, lambda d: {"exploratory": True}, "its policy was in force when"),
    "fewer rules": (approved, lambda d: {"verdicts": d.verdicts[1:]}, "not on the rules of its policy"),
    "another value": (approved, verdict(candidate=0.5), "says that accuracy of the candidate is 0.5"),
    "another champion's value": (approved, verdict(baseline=0.5), "says that accuracy of the champion is 0.5"),
    "no policy": (approved, lambda d: {"policy": d.candidate}, "does not name a policy and evaluations"),
    "another adapter": (approved, lambda d: {"adapter": d.policy}, "is not of its adapter"),
    "another move before": (promoted, lambda m: {"previous": m.decision}, "does not name the move of 'champion'"),
    "another champion": (promoted, lambda m: {"adapter": None}, "does not make adapter None the champion"),
    "no decision": (promoted, lambda m: {"decision": None}, "promoted without a decision"),
    "no waiver": (waived, lambda m: {"waivers": ()}, "no waiver held for"),
    "no fallback": (rolled_back, lambda m: {"adapter": None}, "not rolled back to what was the fallback"),
    "no regression": (rolled_back, lambda m: {"reason": "regressed"}, "without a decision"),
    "a waiver of nothing": (lambda r: r.kind == "waiver", lambda w: {"rule": "other"}, "has no rule 'other'"),
    "a time": (
        lambda r: r.kind == "responses" and r.adapter is not None,
        lambda r: {"claim": r.claim.model_copy(update={"began": "then"})},
        "a time in it, or in an entry that it rests on, cannot be read",
    ),
}


@pytest.mark.parametrize(("chosen", "change", "what"), CASES.values(), ids=CASES)
def test_what_does_not_follow_is_named(
    released: Imported, chosen: Callable[[Any], bool], change: Change, what: str
) -> None:
    entries = released.ledger.entries()
    assert list(history_problems(entries)) == []
    changed, entry = edited(entries, chosen, change)
    problems = list(history_problems(changed))
    assert {problem.kind for problem in problems} == {ProblemKind.TAMPERED}
    assert any(what in problem.what for problem in problems), problems
    if entry.kind != "responses":
        assert problems[0].where.startswith(f"entry {entry.seq} ")
