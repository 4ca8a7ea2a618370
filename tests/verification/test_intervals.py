"""Verdicts and corrected rates that do not come out of the rows again."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from qlora_gov.ledger import Problem, ProblemKind
from qlora_gov.records import Decision, Evaluation, Outcome, Verdict
from qlora_gov.verification.intervals import Rejudge
from qlora_gov.verification.rates import rate_problems
from tests.support.imported import Imported


def judged(released: Imported, at: int, change: Callable[[Any], dict[str, Any]]) -> list[Problem]:
    """What judging the last decision again says, with one item of it changed."""
    entry = released.ledger.entries("decision")[-1]
    decision = entry.record
    assert isinstance(decision, Decision)
    items = list(decision.verdicts)
    items[at] = items[at].model_copy(update=change(items[at]))
    space = released.pipeline.space
    changed = replace(entry, record=decision.model_copy(update={"verdicts": tuple(items)}))
    return list(Rejudge(space.ledger, space.catalog, space.root).problems([changed]))


def number(name: str, factor: float) -> Callable[[Any], dict[str, Any]]:
    return lambda item: {"verdict": item.verdict.model_copy(update={name: getattr(item.verdict, name) * factor})}


def gate(**fields: Any) -> Callable[[Any], dict[str, Any]]:
    return lambda item: {"rule": item.rule.model_copy(update={"gate": item.rule.gate.model_copy(update=fields)})}


def slices(item: Any) -> dict[str, Any]:
    first, *rest = item.verdict.slices
    return {"verdict": item.verdict.model_copy(update={"slices": (first.model_copy(update={"rows": 7}), *rest)})}


@pytest.mark.parametrize("name", ["estimate", "bound", "alpha", "detectable", "threshold", "candidate", "baseline"])
def test_every_number_of_a_verdict_is_compared(released: Imported, name: str) -> None:
    assert judged(released, 0, lambda item: {}) == []
    assert judged(released, 0, number(name, 1 + 1e-11)) == []
    (problem,) = judged(released, 0, number(name, 1 + 1e-7))
    assert problem.kind is ProblemKind.TAMPERED
    assert "rule 'non_inferior accuracy'" in problem.where
    assert problem.what.startswith(f"{name} is stated as ")


def test_a_slice_is_compared(released: Imported) -> None:
    (problem,) = judged(released, 1, slices)
    assert "slices[0].rows is stated as 7" in problem.what


@pytest.mark.parametrize(
    ("change", "kind", "what"),
    [
        (gate(revision=2), ProblemKind.SOURCE_CHANGED, "the verdict still re-derives"),
        (
            gate(source="sha256:0", settings={"margin": 0.9}),
            ProblemKind.SOURCE_CHANGED,
            "the verdict no longer re-derives",
        ),
        (gate(settings={"margin": 0.9}), ProblemKind.TAMPERED, "threshold is stated as"),
        (gate(settings={"margn": 0.9}), ProblemKind.PLUGIN_FAILED, "margn"),
        (gate(name="gates/no_such"), ProblemKind.PLUGIN_MISSING, "no gate is named 'gates/no_such'"),
    ],
)
def test_a_gate_that_changed_is_no_tampering(
    released: Imported, change: Callable[[Any], dict[str, Any]], kind: ProblemKind, what: str
) -> None:
    (problem,) = judged(released, 0, change)
    assert problem.kind is kind
    assert what in problem.what


@pytest.mark.parametrize("told", ["known: group, intent", "did you mean 'intent'?"])
def test_advice_that_an_earlier_version_gave_in_other_words_is_no_problem(released: Imported, told: str) -> None:
    def no_such_label(outcome: Outcome) -> Callable[[Any], dict[str, Any]]:
        verdict = Verdict(outcome=outcome, reason=f"where: no row has a label 'intend'; {told}")
        return lambda item: {"rule": item.rule.model_copy(update={"where": {"intend": "x"}}), "verdict": verdict}

    assert judged(released, 0, no_such_label(Outcome.FAIL)) == []
    (problem,) = judged(released, 0, no_such_label(Outcome.INCONCLUSIVE))
    assert problem.what.startswith("outcome is stated as 'INCONCLUSIVE'")


def test_another_source_of_the_same_revision_is_no_problem(released: Imported) -> None:
    assert judged(released, 0, gate(source="sha256:0")) == []


def test_a_corrected_rate_is_worked_out_again(released: Imported) -> None:
    entries = released.ledger.entries("evaluation")
    assert list(rate_problems(released.ledger, entries)) == []
    evaluation: Any = entries[-1].record
    assert isinstance(evaluation, Evaluation)
    (scan,) = evaluation.scans
    errors = scan.errors.model_copy(update={"found": 12})
    other = evaluation.model_copy(update={"scans": (scan.model_copy(update={"errors": errors}),)})
    (problem,) = rate_problems(released.ledger, [replace(entries[-1], record=other)])
    assert problem.kind is ProblemKind.TAMPERED
    assert "handles_rate corrected" in problem.where
