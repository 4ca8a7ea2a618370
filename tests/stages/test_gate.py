from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from qlora_gov.errors import IntegrityError
from qlora_gov.plugin.measures import Measure
from qlora_gov.plugin.sides import Side
from qlora_gov.plugin.specs import Comparison, Gate, MetricTraits, Unread, ratio
from qlora_gov.records import (
    Absent,
    Component,
    Decision,
    DecisionOutcome,
    EqualAnswers,
    Evaluation,
    Measurement,
    Outcome,
    Overlap,
    Policy,
    Rule,
    RuleVerdict,
    StepReport,
    Verdict,
)
from qlora_gov.stages.gate import GateInput, decide, outcome_of
from tests.stages.toys import component, example

EXAMPLES = [
    example("a", group="a", intent="card", extra={"level": "easy", "length": 3}),
    example("b", group="a", intent="loan"),
    example("c", group="b", language="de"),
    example("d", group="c"),
]
CLUSTERS = [0, 0, 1, 2]
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
        name=part.name.rpartition("/")[2],
        metric=part,
        components=("sum", "rows"),
        scored=scored,
        rows=rows,
        value=value,
        digest="sha256:5",
    )


SOUND = measure("sound")
WHY = Absent(absent="it broke")
OLDER = SOUND.component.model_copy(update={"source": "sha256:older"})
MEASURES = [
    SOUND, measure("absent_here"), measure("absent_there"), measure("unscored"), measure("missing"), measure("fewer"),
    measure("changed"),
]  # fmt: skip


def side(stats: Any, **measurements: Measurement) -> Side:
    """A subject on which every measure is sound, but for those named."""
    usual = {at: measured(m) for at, m in enumerate(MEASURES)}
    special = {at: measurements[m.traits.name] for at, m in enumerate(MEASURES) if m.traits.name in measurements}
    kept = tuple((usual | special).values())
    evaluation = Evaluation(responses="sha256:6", measurements=kept, scans=(), findings="sha256:7")
    return Side(evaluation, lambda index: (stats.copy(), np.arange(N) < kept[index].scored))


NOT_MEASURED = measured(component("nothing"))
CANDIDATE_SIDE = side(
    CANDIDATE,
    absent_here=measured(MEASURES[1], WHY, scored=0),
    unscored=measured(MEASURES[3], scored=N - 1),
    missing=NOT_MEASURED,
    changed=measured(MEASURES[6].component.model_copy(update={"source": "sha256:older"})),
)
CHAMPION_SIDE = side(
    CHAMPION, absent_there=measured(MEASURES[2], WHY, scored=0), fewer=measured(MEASURES[5], scored=N - 1, rows=N - 1)
)


@dataclass
class Told:
    """A gate that does what it is told."""

    decide: Callable[[Comparison], Any]


PASSED = Verdict(outcome=Outcome.PASS, reason="shown", estimate=0.25)
FAILED = Verdict(outcome=Outcome.FAIL, reason="shown", estimate=-0.25)
UNKNOWN = Verdict(outcome=Outcome.INCONCLUSIVE, reason="too few rows")


def says(verdict: Any) -> Gate:
    return Told(lambda comparison: verdict)


def breaks(comparison: Comparison) -> Verdict:
    raise RuntimeError("no statistics today")


def spoils(comparison: Comparison) -> Verdict:
    comparison.candidate[:] = comparison.baseline
    return PASSED


def exits(comparison: Comparison) -> Verdict:
    raise SystemExit(0)


def opens(comparison: Comparison) -> Verdict:
    comparison.candidate.flags.writeable = True
    comparison.candidate[:] = comparison.baseline
    return PASSED


def turns(comparison: Comparison) -> Verdict:
    object.__setattr__(comparison.metric, "higher_is_better", False)
    return PASSED


def regroups(comparison: Comparison) -> Verdict:
    comparison.clusters.flags.writeable = True
    comparison.clusters[:] = range(len(comparison.clusters))
    return PASSED


@dataclass(frozen=True)
class Used:
    """A rule yet without a name, and its gate."""

    gate: Gate | None
    metric: str
    against: Any = "champion"
    where: Mapping[str, str] = field(default_factory=dict)


def rule(gate: Gate | None, metric: str = "sound", against: str = "champion", where: Mapping[str, str] = {}) -> Used:
    return Used(gate, metric, against, where)


FAILING = {
    "fails": (rule(says(FAILED)), "shown"),
    "raises": (rule(Told(breaks)), "the gate raised RuntimeError: no statistics today"),
    "spoils": (rule(Told(spoils)), "the gate raised ValueError: assignment destination is read-only"),
    "exits": (rule(Told(exits)), "the gate raised SystemExit: 0"),
    "opens": (rule(Told(opens)), "the gate changed what it was given to judge"),
    "turns": (rule(Told(turns)), "the gate changed what it was given to judge"),
    "regroups": (rule(Told(regroups)), "the gate changed what it was given to judge"),
    "unspeakable": (
        rule(says(PASSED.model_copy(update={"contrast": "a\ud800"}))),
        "the gate returned a Verdict that is not valid: ",
    ),
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
    "empty": (
        rule(says(Verdict.model_construct())),
        "the gate returned a Verdict that is not valid: missing key 'outcome'; missing key 'reason'",
    ),
    "unknown metric": (rule(says(PASSED), "sund"), "nothing that is measured is named 'sund'; did you mean 'sound'?"),
    "no gate": (rule(None), "this rule has no gate"),
    "unknown label": (
        rule(says(PASSED), where={"intend": "card"}),
        "where: no row has a label 'intend'; did you mean 'intent'?",
    ),
    "no reference": (rule(says(PASSED), against="reference"), "the reference has no evaluation"),
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
    "passes in plain text": (rule(says(PASSED.model_copy(update={"outcome": "PASS"}))), Outcome.PASS),
    "cannot tell": (rule(says(UNKNOWN)), Outcome.INCONCLUSIVE),
}
RULES = {name: (used, Outcome.FAIL) for name, (used, _) in FAILING.items()} | OTHERS


def test_a_reason_that_no_ledger_could_hold_is_made_fit() -> None:
    for reason, fit in (("a\ud800", "a{U+D800}"), ("x" * 2**20, "x" * 2000 + " … (1,046,576 more characters)")):
        (item,) = judge([rule(says(UNKNOWN.model_copy(update={"reason": reason})))]).verdicts
        assert item.verdict.reason == fit


def test_what_a_gate_keeps_it_cannot_change_for_the_next_one() -> None:
    asked: list[Comparison] = []
    judge([rule(Told(asked.append), where=where) for where in ({}, {}, {"intent": "loan"})])
    for name in ("candidate", "baseline", "clusters"):
        first, second, part = (getattr(comparison, name) for comparison in asked)
        assert not np.shares_memory(first, second)
        assert not part.flags.writeable


def flat(sums: Any) -> Any:
    return float(sums[0]) / float(sums[1])


def test_a_gate_that_raises_on_account_of_a_metric_blames_the_metric() -> None:
    """Evidence of versions that did not try the aggregate: now it is told which component to mend."""

    def resamples(comparison: Comparison) -> Verdict:
        comparison.metric.aggregate(np.stack([comparison.candidate.sum(axis=0)] * 9))
        return PASSED

    unfit = replace(SOUND, traits=replace(SOUND.traits, aggregate=flat))
    given_ = GateInput(CANDIDATE_SIDE, {"champion": CHAMPION_SIDE}, EXAMPLES, [unfit], look=1)
    policy = policy_of([rule(Told(resamples))])
    decision = decide(
        policy, {"rule 0": Told(resamples)}, given_, stated=policy.id, adapter="sha256:8", exploratory=False
    )
    said = decision.verdicts[0].verdict.reason
    assert said.startswith("the gate raised TypeError: ")
    assert "; not the gate is at fault, but toys/sound: the metric's aggregate is not vectorised: " in said


def policy_of(rules: Sequence[Used], **settings: Any) -> Policy:
    named = [
        Rule(name=f"rule {at}", gate=component("rule"), metric=used.metric, against=used.against, where=used.where)
        for at, used in enumerate(rules)
    ]
    pinned = any(used.against == "reference" for used in rules)
    return Policy(rules=tuple(named), reference="base" if pinned else None, **settings)


def judge(
    rules: Sequence[Used],
    candidate: Side = CANDIDATE_SIDE,
    look: int = 1,
    reference: Side | None = None,
    **settings: Any,
) -> Decision:
    baselines = {"champion": CHAMPION_SIDE} | ({"reference": reference} if reference else {})
    gates = {f"rule {at}": used.gate for at, used in enumerate(rules) if used.gate}
    given = GateInput(candidate, baselines, EXAMPLES, MEASURES, look)
    policy = policy_of(rules, **settings)
    return decide(policy, gates, given, stated=policy.id, adapter="sha256:8", exploratory=False)


def outcomes(decision: Decision) -> list[Outcome]:
    return [item.verdict.outcome for item in decision.verdicts]


def test_a_decision_names_all_that_it_rests_on() -> None:
    used = [rule(says(PASSED)), rule(says(UNKNOWN))]
    decision, policy = judge(used, look=3), policy_of(used)
    assert decision.policy == policy.id
    assert (decision.candidate, decision.champion) == (CANDIDATE_SIDE.evaluation.id, CHAMPION_SIDE.evaluation.id)
    assert (decision.adapter, decision.exploratory, decision.look) == ("sha256:8", False, 3)
    assert decision.reference is None
    assert [(item.rule, item.verdict) for item in decision.verdicts] == [
        (policy.rules[0], PASSED),
        (policy.rules[1], UNKNOWN),
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
    assert (absent.candidate, absent.baseline) == (WHY, 2.5)
    assert (raised.candidate, raised.baseline) == (2.5, 2.5)


@pytest.mark.parametrize("name", ["unscored", "absent", "absent on the champion", "other rows", "not measured"])
def test_no_gate_is_asked_about_rows_that_are_not_all_there(name: str) -> None:
    asked: list[Comparison] = []
    judge([replace(FAILING[name][0], gate=Told(asked.append))])
    assert not asked


def test_a_gate_sees_both_sides_paired_by_row() -> None:
    asked: list[Comparison] = []
    judge([rule(Told(asked.append))])
    (comparison,) = asked
    assert comparison.metric == SOUND.traits
    assert np.array_equal(comparison.candidate, CANDIDATE)
    assert np.array_equal(comparison.baseline, CHAMPION)
    assert np.array_equal(comparison.clusters, CLUSTERS)
    assert comparison.labels == {
        "provenance": (None,) * N,
        "intent": ("card", "loan", None, None),
        "language": (None, None, "de", None),
        "level": ("easy", None, None, None),
    }


def test_a_rule_against_the_reference_sees_the_reference() -> None:
    asked: list[Comparison] = []
    decision = judge([rule(Told(asked.append), against="reference")], reference=side(CHAMPION * 2))
    assert decision.reference == side(CHAMPION).evaluation.id
    assert np.array_equal(asked[0].baseline, CHAMPION * 2)
    assert asked[0].against == "reference"


@pytest.mark.parametrize(
    ("settings", "look", "scale"),
    [
        ({}, 1, 1.0),
        ({}, 2, 0.5),
        ({}, 4, 0.125),
        ({"further_looks": "count"}, 4, 1.0),
        ({"further_looks": "fresh_rows"}, 1, 1.0),
    ],
)
def test_each_further_look_at_the_same_rows_tests_at_half_the_alpha(
    settings: dict[str, Any], look: int, scale: float
) -> None:
    asked: list[Comparison] = []
    judge([rule(Told(asked.append))], look=look, **settings)
    assert asked[0].alpha_scale == scale


def test_a_policy_can_ask_for_fresh_rows_after_the_first_look() -> None:
    decision = judge([rule(says(PASSED)), FAILING["absent"][0]], look=2, further_looks="fresh_rows")
    assert outcomes(decision) == [Outcome.INCONCLUSIVE, Outcome.FAIL]
    assert "this is decision 2 on these rows, and the policy asks for fresh ones" in decision.verdicts[0].verdict.reason


def test_a_rule_judges_the_rows_that_it_names() -> None:
    asked: list[Comparison] = []
    judge([rule(Told(asked.append), where={"intent": "loan"})])
    assert asked[0].candidate[:, 0].tolist() == [2.0]
    assert asked[0].labels["language"] == (None,)


def test_rows_that_a_rule_does_not_judge_need_no_score() -> None:
    first = np.array([True, False, True, True])
    unscored = Side(CANDIDATE_SIDE.evaluation, lambda index: (CANDIDATE.copy(), first))
    assert outcomes(judge([rule(says(PASSED), where={"intent": "card"})], unscored)) == [Outcome.PASS]
    whole = judge([rule(says(PASSED))], unscored)
    assert whole.verdicts[0].verdict.reason == "sound of the candidate: 1 of 4 rows could not be scored"


def test_a_part_of_a_comparison_has_the_rows_that_it_names() -> None:
    asked: list[Comparison] = []
    judge([rule(Told(asked.append))])
    part = asked[0].part(np.array([False, True, True, False]))
    assert part.candidate[:, 0].tolist() == [2.0, 3.0]
    assert part.baseline[:, 0].tolist() == [3.0, 2.0]
    assert part.clusters.tolist() == [0, 1]
    assert part.labels["intent"] == ["loan", None]


def test_no_gate_can_change_what_another_one_sees() -> None:
    def merges(comparison: Comparison) -> Verdict:
        comparison.clusters[:] = 0
        return PASSED

    assert outcomes(judge([rule(Told(merges)), rule(says(PASSED))])) == [Outcome.FAIL, Outcome.PASS]


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


THREE = policy_of([rule(None)] * 3)


@pytest.mark.parametrize(
    ("given_outcomes", "outcome"),
    [
        ([], DecisionOutcome.INCONCLUSIVE),
        ([Outcome.PASS], DecisionOutcome.INCONCLUSIVE),
        ([Outcome.PASS] * 3, DecisionOutcome.APPROVED),
        ([Outcome.PASS] * 4, DecisionOutcome.INCONCLUSIVE),
        ([Outcome.PASS, Outcome.PASS, Outcome.INCONCLUSIVE], DecisionOutcome.INCONCLUSIVE),
        ([Outcome.INCONCLUSIVE, Outcome.FAIL, Outcome.PASS], DecisionOutcome.REFUSED),
        ([Outcome.PASS, Outcome.PASS, None], DecisionOutcome.INCONCLUSIVE),
        (["PASSED"] * 3, DecisionOutcome.INCONCLUSIVE),
    ],
)
def test_anything_but_passes_does_not_approve(given_outcomes: Any, outcome: DecisionOutcome) -> None:
    assert outcome_of(THREE, {f"rule {at}": one for at, one in enumerate(given_outcomes)}) is outcome


# --- required rules, and what INCONCLUSIVE does ------------------------------------------------------------------


@given(st.lists(st.sampled_from(list(Outcome)), min_size=1, max_size=5), st.data())
def test_tolerated_or_not_a_required_rule_must_pass(found: list[Outcome], data: st.DataObject) -> None:
    names = [f"rule {at}" for at in range(len(found))]
    required = data.draw(st.lists(st.sampled_from(names), unique=True))
    policy = policy_of([rule(None)] * len(found), required=tuple(required), inconclusive="tolerated")
    outcome = outcome_of(policy, dict(zip(names, found, strict=True)))
    by_name = dict(zip(names, found, strict=True))
    expected = (
        Outcome.FAIL not in found and Outcome.PASS in found and all(by_name[name] is Outcome.PASS for name in required)
    )
    assert (outcome is DecisionOutcome.APPROVED) == expected


@pytest.mark.parametrize("inconclusive", ["blocks", "tolerated"])
def test_that_answers_differ_alone_approves_nothing(inconclusive: str) -> None:
    terms = {"name": "differs", "gate": component("rule"), "metric": "answers", "judges": "answers"}
    policy = policy_of([rule(None)], inconclusive=inconclusive)
    policy = policy.model_copy(update={"rules": (*policy.rules, Rule(**terms))})
    could_not_tell = {"rule 0": Outcome.INCONCLUSIVE, "differs": Outcome.PASS}
    assert outcome_of(policy, could_not_tell) is DecisionOutcome.INCONCLUSIVE
    assert outcome_of(policy, could_not_tell | {"rule 0": Outcome.PASS}) is DecisionOutcome.APPROVED


@given(NAMES.filter(bool), st.data())
def test_a_policy_without_a_rule_that_it_requires_approves_nothing_since_it_cannot_be(
    names: list[str], data: st.DataObject
) -> None:
    used = [RULES[name][0] for name in names if RULES[name][0].against == "champion"]
    removed = data.draw(st.integers(0, max(len(used) - 1, 0)))
    kept = policy_of(used).rules
    with pytest.raises(ValidationError, match="required rule 'rule"):
        Policy(rules=(*kept[:removed], *kept[removed + 1 :]), required=(f"rule {removed}",))


# --- rows that a metric does not read ---


class Selective:
    """Reads no row of a loan, whatever it is asked otherwise."""

    def unread(self, example: Any) -> Unread | None:
        return Unread("loans", "set loans: yes") if example.intent == "loan" else None


SELECTIVE = [replace(one, metric=Selective()) if one is SOUND else one for one in MEASURES]
UNREAD = "1 of 4 rows hold text that sound does not read (first: file:b, loans); set loans: yes"


def test_rows_that_are_not_read_close_the_gate_from_the_second_schema_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(globals(), "MEASURES", SELECTIVE)
    asked: list[Comparison] = []
    used = rule(Told(asked.append))
    (item,) = judge([used], unread="left_out").verdicts
    assert (item.verdict.outcome, item.verdict.reason) == (Outcome.FAIL, f"not measured: {UNREAD}")
    assert item.notice is None
    assert not asked


def test_under_the_first_schema_they_are_judged_with_a_notice(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(globals(), "MEASURES", SELECTIVE)
    decision = judge([rule(says(PASSED)), rule(says(PASSED), where={"intent": "card"})])
    assert outcomes(decision) == [Outcome.PASS, Outcome.PASS]
    assert [item.notice for item in decision.verdicts] == [UNREAD, None]
    assert decision.notices == (f"rule 0: {UNREAD}",)


def test_rows_that_a_rule_does_not_judge_need_not_be_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(globals(), "MEASURES", SELECTIVE)
    card, loan = (rule(says(PASSED), where={"intent": intent}) for intent in ("card", "loan"))
    decision = judge([card, loan], unread="left_out")
    assert outcomes(decision) == [Outcome.PASS, Outcome.FAIL]
    assert decision.verdicts[1].verdict.reason == f"not measured: {UNREAD.replace('of 4', 'of 1')}"


def test_a_metric_that_cannot_say_what_it_reads_closes_the_gate(monkeypatch: pytest.MonkeyPatch) -> None:
    broken = Selective()
    broken.unread = lambda example: "han"  # type: ignore[method-assign, assignment, return-value]
    monkeypatch.setitem(globals(), "MEASURES", [replace(SOUND, metric=broken)])
    said = "toys/sound: unread returned a str, not an Unread or None"
    assert judge([rule(says(PASSED))], unread="left_out").verdicts[0].verdict.reason == f"not measured: {said}"
    assert judge([rule(says(PASSED))]).verdicts[0].notice == said


# --- answers that are equal ---


def answered(of: Side, *answers: str, adapter: str | None = None) -> Side:
    return replace(of, answers=lambda: {"response": list(answers)}, adapter=adapter)


ABCD = answered(CANDIDATE_SIDE, "a", "b", "c", "d", adapter="sha256:8")


def policy_on_answers(gate: Gate, champion: Side, candidate: Side = ABCD, **fields: Any) -> Decision:
    named = {"name": "differs", "gate": component("rule"), "metric": "answers", "judges": "answers"}
    given = GateInput(candidate, {"champion": champion}, EXAMPLES, MEASURES, fields.pop("look", 1))
    terms = {name: fields.pop(name) for name in ("further_looks", "looks_by") if name in fields}
    policy = Policy(rules=(Rule(**(named | fields)),), **({"further_looks": "fresh_rows"} | terms))
    return decide(policy, {"differs": gate}, given, stated=policy.id, adapter="sha256:8", exploratory=False)


def test_a_decision_counts_the_answers_that_are_equal() -> None:
    champion = answered(CHAMPION_SIDE, "a", "B", "c", "d ", adapter="sha256:9")
    decision = policy_on_answers(says(PASSED), champion)
    (counted,) = decision.answers
    assert (counted.against, counted.adapter, counted.equal, counted.rows) == ("champion", "sha256:9", 2, 4)
    assert decision.notices == ()


@pytest.mark.parametrize(
    ("adapter", "who"),
    [(None, "those of the champion, the base without an adapter"), ("sha256:9", "the champion's")],
)
def test_where_all_are_equal_it_says_so(adapter: str | None, who: str) -> None:
    champion = answered(CHAMPION_SIDE, "a", "b", "c", "d", adapter=adapter)
    decision = policy_on_answers(says(PASSED), champion)
    assert decision.notices == (f"all 4 answers are {who}, letter for letter: was the adapter applied?",)


def test_one_row_that_is_answered_alike_is_no_sign() -> None:
    assert EqualAnswers(against="champion", equal=1, rows=1).notice is None
    assert EqualAnswers(against="champion", equal=0, rows=0).notice is None


def test_answers_that_are_not_on_record_are_not_counted() -> None:
    decision = policy_on_answers(says(PASSED), CHAMPION_SIDE)
    assert decision.answers == ()
    reason = "not measured: the answers of the candidate or the champion are not on record"
    assert decision.verdicts[0].verdict.reason == reason


def test_a_gate_on_answers_sees_which_are_equal() -> None:
    asked: list[Comparison] = []
    champion = answered(CHAMPION_SIDE, "a", "b", "C", "d")
    policy_on_answers(Told(asked.append), champion)
    policy_on_answers(Told(asked.append), champion, where={"intent": "loan"})
    whole, part = asked
    assert whole.equal is not None
    assert whole.equal.tolist() == [True, True, False, True]
    assert whole.candidate.tolist() == [[0, 1], [0, 1], [1, 1], [0, 1]]
    assert whole.baseline.tolist() == [[0, 1]] * 4
    assert part.equal is not None
    assert part.equal.tolist() == [True]
    with pytest.raises(ValueError, match="read-only"):
        whole.equal[:] = False


def test_a_gate_on_a_metric_sees_them_too() -> None:
    asked: list[Comparison] = []
    champion = answered(CHAMPION_SIDE, "a", "b", "C", "d")
    given = GateInput(ABCD, {"champion": champion}, EXAMPLES, MEASURES, 1)
    policy = policy_of([rule(None)])
    decide(policy, {"rule 0": Told(asked.append)}, given, stated="", adapter="", exploratory=False)
    assert asked[0].equal is not None
    assert asked[0].equal.tolist() == [True, True, False, True]


def test_a_gate_on_answers_counts_them_at_any_look() -> None:
    """Nothing is inferred, so that no further look makes a PASS likelier, and none is asked to heed a smaller alpha."""
    asked: list[Comparison] = []
    champion = answered(CHAMPION_SIDE, "a", "b", "C", "d")
    for settings in ({"look": 2}, {"look": 2, "further_looks": "halve_alpha", "looks_by": "row"}):
        policy_on_answers(Told(asked.append), champion, **settings)
        (item,) = policy_on_answers(says(PASSED), champion, **settings).verdicts
        assert item.verdict.outcome is Outcome.PASS
    assert [one.alpha_scale for one in asked] == [1.0, 1.0]


# --- what the candidate was trained on ---


def policy_on_data(gate: Gate, overlap: Overlap | Absent, **fields: Any) -> RuleVerdict:
    terms = {"name": "clear", "gate": component("rule"), "metric": "data", "judges": "data"}
    given = GateInput(CANDIDATE_SIDE, {"champion": CHAMPION_SIDE}, EXAMPLES, MEASURES, 2, overlap=overlap)
    policy = Policy(rules=(Rule(**(terms | fields)),), further_looks="fresh_rows")
    decision = decide(policy, {"clear": gate}, given, stated=policy.id, adapter="sha256:8", exploratory=False)
    (item,) = decision.verdicts
    return item


def test_a_gate_on_data_sees_what_was_found_of_the_rows_and_no_statistics() -> None:
    asked: list[Comparison] = []
    step = StepReport(component=component("leaks"), action="filter", rows_in=9, dropped={"same": 2}, changed=0)
    found = Overlap(steps=(step,), left=1, unseen=0)
    policy_on_data(Told(asked.append), found)
    assert asked[0].overlap == found
    assert asked[0].candidate.shape == asked[0].baseline.shape == (4, 0)
    assert policy_on_data(says(PASSED), found).verdict.outcome is Outcome.PASS  # at any look: nothing is inferred


def test_where_nothing_is_on_record_of_the_data_no_gate_is_asked() -> None:
    asked: list[Comparison] = []
    verdict = policy_on_data(Told(asked.append), Absent(absent="no step looked for them")).verdict
    assert (verdict.outcome, verdict.reason) == (Outcome.FAIL, "not known: no step looked for them")
    assert not asked
