from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from qlora_gov.errors import IntegrityError
from qlora_gov.measures import Measure
from qlora_gov.records import (
    Absent,
    Component,
    Decision,
    DecisionOutcome,
    Evaluation,
    Measurement,
    Outcome,
    Policy,
    Verdict,
)
from qlora_gov.specs import Comparison, MetricTraits, ratio
from qlora_gov.stages.gate import Side, UsedRule, decide, outcome_of
from tests.stages.toys import component

CLUSTERS = np.array([0, 0, 1, 2])
N = len(CLUSTERS)
CANDIDATE = np.column_stack([[1.0, 2.0, 3.0, 4.0], np.ones(N)])
CHAMPION = np.column_stack([[4.0, 3.0, 2.0, 2.0], np.ones(N)])


def measure(name: str, plugin: str = "toys", **settings: Any) -> Measure:
    part = component(name, **settings).model_copy(update={"name": f"{plugin}/{name}"})
    traits = MetricTraits(name, True, "absolute", False, ratio)
    return Measure(part, ("sum", "rows"), traits, frozenset({"response"}), None)


def measured(of: Measure | Component, value: float | Absent = 2.5, scored: int = N, rows: int = N) -> Measurement:
    part = of.component if isinstance(of, Measure) else of
    return Measurement(
        metric=part, components=("sum", "rows"), scored=scored, rows=rows, value=value, digest="sha256:5"
    )


SOUND = measure("sound")
WHY = Absent(absent="it broke")
OLDER = SOUND.component.model_copy(update={"source": "sha256:older"})
MEASURES = [
    SOUND, measure("absent_here"), measure("absent_there"), measure("unscored"), measure("missing"), measure("fewer"),
    measure("twin"), measure("twin", plugin="others"), measure("changed"), measure("again"), measure("again"),
]  # fmt: skip


def side(stats: Any, **measurements: Measurement) -> Side:
    """A subject on which every measure is sound, but for those named."""
    usual = {at: measured(m) for at, m in enumerate(MEASURES)}
    special = {at: measurements[m.traits.name] for at, m in enumerate(MEASURES) if m.traits.name in measurements}
    kept = tuple((usual | special).values())
    evaluation = Evaluation(responses="sha256:6", measurements=kept, scans=(), findings="sha256:7")
    return Side(evaluation, lambda index: (stats.copy(), np.ones(N, dtype=bool)))


NOT_MEASURED = measured(component("nothing"))
CANDIDATE_SIDE = side(
    CANDIDATE,
    absent_here=measured(MEASURES[1], WHY, scored=0),
    unscored=measured(MEASURES[3], scored=N - 1),
    missing=NOT_MEASURED,
    changed=measured(MEASURES[8].component.model_copy(update={"source": "sha256:older"})),
)
CHAMPION_SIDE = side(
    CHAMPION, absent_there=measured(MEASURES[2], WHY, scored=0), fewer=measured(MEASURES[5], scored=N - 1, rows=N - 1)
)


@dataclass
class Gate:
    """A gate that does what it is told, and remembers what it was asked."""

    decide: Callable[[Comparison], Any]


PASSED = Verdict(outcome=Outcome.PASS, reason="shown", estimate=0.25)
FAILED = Verdict(outcome=Outcome.FAIL, reason="shown", estimate=-0.25)
UNKNOWN = Verdict(outcome=Outcome.INCONCLUSIVE, reason="too few rows")


def says(verdict: Any) -> Gate:
    return Gate(lambda comparison: verdict)


def breaks(comparison: Comparison) -> Verdict:
    raise RuntimeError("no statistics today")


def spoils(comparison: Comparison) -> Verdict:
    comparison.candidate[:] = comparison.champion
    return PASSED


def rule(gate: Gate, metric: str = "sound") -> UsedRule:
    return UsedRule(gate, component("rule", metric=metric), metric)


FAILING = {
    "fails": (rule(says(FAILED)), "shown"),
    "raises": (rule(Gate(breaks)), "the gate raised RuntimeError: no statistics today"),
    "spoils": (rule(Gate(spoils)), "the gate raised ValueError: assignment destination is read-only"),
    "nothing": (rule(says(None)), "the gate returned a NoneType, not a Verdict"),
    "true": (rule(says(True)), "the gate returned a bool, not a Verdict"),
    "outcome": (rule(says(Outcome.PASS)), "the gate returned a Outcome, not a Verdict"),
    "class": (rule(says(Verdict)), "the gate returned a ModelMetaclass, not a Verdict"),
    "no estimate": (rule(says(PASSED.model_copy(update={"estimate": None}))), "the gate passed without an estimate"),
    "nan": (
        rule(says(PASSED.model_copy(update={"estimate": np.nan}))),
        "the gate returned a Verdict that is not valid",
    ),
    "maybe": (
        rule(says(PASSED.model_copy(update={"outcome": "MAYBE"}))),
        "the gate returned a Verdict that is not valid",
    ),
    "empty": (rule(says(Verdict.model_construct())), "the gate returned a Verdict that is not valid: missing key"),
    "unknown metric": (rule(says(PASSED), "sund"), "sund is not the name of exactly one metric"),
    "two metrics": (rule(says(PASSED), "twin"), "twin is not the name of exactly one metric"),
    "metric twice": (rule(says(PASSED), "toys/again"), "toys/again is not the name of exactly one metric"),
    "absent": (rule(says(PASSED), "absent_here"), "absent_here of the candidate: not measured: it broke"),
    "absent on the champion": (
        rule(says(PASSED), "absent_there"),
        "absent_there of the champion: not measured: it broke",
    ),
    "unscored": (rule(says(PASSED), "unscored"), "unscored of the candidate: 1 of 4 rows could not be scored"),
    "not measured": (rule(says(PASSED), "missing"), "missing of the candidate: not measured: "),
    "other source": (rule(says(PASSED), "changed"), "changed of the candidate: not measured: "),
    "other rows": (
        rule(says(PASSED), "fewer"),
        "fewer of the champion: 3 rows were measured, and the evaluation set has 4",
    ),
}
OTHERS = {
    "passes": (rule(says(PASSED)), Outcome.PASS),
    "passes by its full name": (rule(says(PASSED), "others/twin"), Outcome.PASS),
    "passes in plain text": (rule(says(PASSED.model_copy(update={"outcome": "PASS"}))), Outcome.PASS),
    "cannot tell": (rule(says(UNKNOWN)), Outcome.INCONCLUSIVE),
}
RULES = {name: (used, Outcome.FAIL) for name, (used, _) in FAILING.items()} | OTHERS


def judge(rules: Sequence[UsedRule], candidate: Side = CANDIDATE_SIDE, clusters: Any = CLUSTERS) -> Decision:
    policy = Policy(rules=tuple(used.component for used in rules))
    return decide(
        policy, rules, MEASURES, candidate, CHAMPION_SIDE, clusters, adapter="sha256:8", exploratory=False, look=3
    )


def outcomes(decision: Decision) -> list[Outcome]:
    return [item.verdict.outcome for item in decision.verdicts]


def test_a_decision_names_all_that_it_rests_on() -> None:
    used = [rule(says(PASSED)), rule(says(UNKNOWN))]
    decision = judge(used)
    assert decision.policy == Policy(rules=tuple(r.component for r in used)).id
    assert (decision.candidate, decision.champion) == (CANDIDATE_SIDE.evaluation.id, CHAMPION_SIDE.evaluation.id)
    assert (decision.adapter, decision.exploratory, decision.look) == ("sha256:8", False, 3)
    assert [(item.rule, item.metric, item.verdict) for item in decision.verdicts] == [
        (used[0].component, "sound", PASSED),
        (used[1].component, "sound", UNKNOWN),
    ]


@pytest.mark.parametrize("name", FAILING)
def test_what_could_not_be_judged_fails_with_its_reason(name: str) -> None:
    used, reason = FAILING[name]
    decision = judge([rule(says(PASSED)), used])
    assert outcomes(decision) == [Outcome.PASS, Outcome.FAIL]
    assert decision.verdicts[1].verdict.reason.startswith(reason)
    assert decision.outcome is DecisionOutcome.REFUSED


def test_a_rule_that_could_not_be_judged_still_says_what_was_measured() -> None:
    absent, raised = (item.verdict for item in judge([FAILING["absent"][0], FAILING["raises"][0]]).verdicts)
    assert (absent.candidate, absent.champion) == (WHY, 2.5)
    assert (raised.candidate, raised.champion) == (2.5, 2.5)


@pytest.mark.parametrize("name", ["unscored", "absent", "absent on the champion", "other rows", "not measured"])
def test_no_gate_is_asked_about_rows_that_are_not_all_there(name: str) -> None:
    asked: list[Comparison] = []
    judge([replace(FAILING[name][0], gate=Gate(asked.append))])
    assert not asked


def test_a_gate_sees_both_sides_paired_by_row() -> None:
    asked: list[Comparison] = []
    judge([rule(Gate(asked.append))])
    (comparison,) = asked
    assert comparison.metric is SOUND.traits
    assert np.array_equal(comparison.candidate, CANDIDATE)
    assert np.array_equal(comparison.champion, CHAMPION)
    assert np.array_equal(comparison.clusters, CLUSTERS)


def test_no_gate_can_change_what_another_one_sees() -> None:
    def merges(comparison: Comparison) -> Verdict:
        comparison.clusters[:] = 0
        return PASSED

    clusters = CLUSTERS.copy()
    assert outcomes(judge([rule(Gate(merges)), rule(says(PASSED))], clusters=clusters)) == [Outcome.FAIL, Outcome.PASS]
    assert np.array_equal(clusters, CLUSTERS)
    assert clusters.flags.writeable


def test_rows_that_do_not_have_their_digest_end_the_decision() -> None:
    def tampered(index: int) -> Any:
        raise IntegrityError("the rows do not have the digest that the record states")

    with pytest.raises(IntegrityError):
        judge([rule(says(PASSED))], Side(CANDIDATE_SIDE.evaluation, tampered))


# --- the intersection-union test, over any policy ---------------------------------------------------------------

NAMES = st.lists(st.sampled_from(sorted(RULES)), max_size=5)
SEVERITY = {DecisionOutcome.APPROVED: 0, DecisionOutcome.INCONCLUSIVE: 1, DecisionOutcome.REFUSED: 2}


def decided(names: Sequence[str]) -> DecisionOutcome:
    return judge([RULES[name][0] for name in names]).outcome


@given(NAMES)
def test_only_a_policy_whose_every_rule_passes_approves(names: list[str]) -> None:
    expected = [RULES[name][1] for name in names]
    assert outcomes(judge([RULES[name][0] for name in names])) == expected
    assert (decided(names) is DecisionOutcome.APPROVED) == (bool(names) and set(expected) == {Outcome.PASS})
    assert (decided(names) is DecisionOutcome.REFUSED) == (Outcome.FAIL in expected)


@given(NAMES, st.sampled_from(sorted(FAILING)), st.integers(0, 5))
def test_a_failing_rule_anywhere_refuses(names: list[str], failing: str, at: int) -> None:
    assert decided([*names[:at], failing, *names[at:]]) is DecisionOutcome.REFUSED


@given(NAMES.filter(bool), st.sampled_from(sorted(RULES)))
def test_a_further_rule_never_makes_approval_easier(names: list[str], more: str) -> None:
    assert SEVERITY[decided([*names, more])] >= SEVERITY[decided(names)]


@given(NAMES.filter(lambda names: len(names) > 1), st.data())
def test_a_rule_less_never_makes_it_harder_and_a_passing_one_less_changes_nothing(
    names: list[str], data: st.DataObject
) -> None:
    at = data.draw(st.integers(0, len(names) - 1))
    rest = [*names[:at], *names[at + 1 :]]
    assert SEVERITY[decided(rest)] <= SEVERITY[decided(names)]
    if RULES[names[at]][1] is Outcome.PASS:
        assert decided(rest) == decided(names)


@given(NAMES, st.randoms(use_true_random=False))
def test_the_order_of_rules_decides_nothing(names: list[str], random: Any) -> None:
    shuffled = random.sample(names, len(names))
    assert decided(shuffled) == decided(names)


@pytest.mark.parametrize(
    ("given_outcomes", "outcome"),
    [
        ([], DecisionOutcome.INCONCLUSIVE),
        ([Outcome.PASS], DecisionOutcome.APPROVED),
        ([Outcome.PASS, Outcome.INCONCLUSIVE], DecisionOutcome.INCONCLUSIVE),
        ([Outcome.INCONCLUSIVE, Outcome.FAIL], DecisionOutcome.REFUSED),
        ([Outcome.PASS, None], DecisionOutcome.INCONCLUSIVE),
        (["PASSED"], DecisionOutcome.INCONCLUSIVE),
    ],
)
def test_anything_but_passes_does_not_approve(given_outcomes: Any, outcome: DecisionOutcome) -> None:
    assert outcome_of(given_outcomes) is outcome
