"""Gate: judge a candidate against its champion, rule by rule. Whatever could not be judged does not pass."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray
from pydantic import ValidationError

from qlora_gov.errors import did_you_mean
from qlora_gov.explain import reasons_of
from qlora_gov.plugin.measures import Measure
from qlora_gov.plugin.specs import Bools, Comparison, Floats, Gate
from qlora_gov.records import (
    EDITION,
    Absent,
    Decision,
    DecisionOutcome,
    Evaluation,
    Measurement,
    Outcome,
    Policy,
    Rule,
    RuleVerdict,
    Verdict,
)
from qlora_gov.records.example import Example
from qlora_gov.records.table import cluster_numbers, labels_of
from qlora_gov.stats import newest_methods, value_of

T = TypeVar("T", bound=np.generic)

Values = Mapping[str, float | Absent]
"""What was measured on ``candidate`` and ``baseline``."""


@dataclass(frozen=True)
class Side:
    """One evaluated subject: its record, and a reader of one measurement's statistics ``[n, k]`` and scored rows."""

    evaluation: Evaluation
    scores: Callable[[int], tuple[Floats, Bools]]


@dataclass(frozen=True)
class GateInput:
    """A candidate with those it is compared with, on the rows of one evaluation set.

    ``baselines`` are the champion, and the pinned reference where the policy names one. ``look`` counts the
    decisions on these rows, this one included. ``methods`` is the revision of the statistical methods to judge by.
    """

    candidate: Side
    baselines: Mapping[str, Side]
    examples: Sequence[Example]
    measures: Sequence[Measure]
    look: int
    methods: int = field(default_factory=newest_methods)


def decide(
    policy: Policy, gates: Mapping[str, Gate], given: GateInput, *, stated: str, adapter: str, exploratory: bool
) -> Decision:
    """Return the decision on every rule of the policy; ``gates`` are by the rule's name.

    ``stated`` is the id of the policy of these terms that is on record. Verdicts name the components that judged.
    """
    verdicts = judge(policy, gates, given)
    reference = given.baselines.get("reference")
    return Decision(
        policy=stated,
        candidate=given.candidate.evaluation.id,
        champion=given.baselines["champion"].evaluation.id,
        reference=reference.evaluation.id if reference else None,
        adapter=adapter,
        verdicts=verdicts,
        outcome=outcome_of(policy, {item.rule.name: item.verdict.outcome for item in verdicts}),
        exploratory=exploratory,
        look=given.look,
        methods=given.methods,
        edition=EDITION,
    )


def judge(policy: Policy, gates: Mapping[str, Gate], given: GateInput) -> tuple[RuleVerdict, ...]:
    """A verdict for each rule, in the policy's order."""
    judge_one = _Judge(policy, given)
    return tuple(RuleVerdict(rule=rule, verdict=judge_one(rule, gates.get(rule.name))) for rule in policy.rules)


def outcome_of(policy: Policy, outcomes: Mapping[str, Outcome]) -> DecisionOutcome:
    """Refused where any rule fails; approved where every one passes, each at its full alpha; else inconclusive.

    Approval is an intersection-union test, so PASSes take no correction. Where the policy tolerates INCONCLUSIVE,
    it takes the required rules, and one rule at least, to pass.
    """
    if Outcome.FAIL in outcomes.values():
        return DecisionOutcome.REFUSED
    passed = {name for name, outcome in outcomes.items() if outcome is Outcome.PASS}
    needed = policy.required if policy.inconclusive == "tolerated" else (rule.name for rule in policy.rules)
    if passed and passed.issuperset(needed) and set(outcomes) == {rule.name for rule in policy.rules}:
        return DecisionOutcome.APPROVED
    return DecisionOutcome.INCONCLUSIVE


class _Judge:
    """Judges one rule at a time."""

    def __init__(self, policy: Policy, given: GateInput) -> None:
        self.given = given
        self.clusters = _read_only(cluster_numbers([example.group for example in given.examples]))
        labels = labels_of(given.examples)
        self.labels = MappingProxyType({name: tuple(values) for name, values in labels.items()})
        looked = given.look > 1
        self.stale = looked and policy.further_looks == "fresh_rows"
        self.alpha_scale = 0.5 ** (given.look - 1) if looked and policy.further_looks == "halve_alpha" else 1.0

    def __call__(self, rule: Rule, gate: Gate | None) -> Verdict:
        measure = next((one for one in self.given.measures if one.traits.name == rule.metric), None)
        if gate is None:
            return _fail("this rule has no gate")
        if measure is None:
            names = [one.traits.name for one in self.given.measures]
            return _fail(f"nothing that is measured is named {rule.metric!r}; {did_you_mean(rule.metric, names)}")
        if rule.against not in self.given.baselines:
            return _fail(f"the {rule.against} has no evaluation")
        if unknown := [label for label in rule.where if label not in self.labels]:
            return _fail(f"where: no row has a label {unknown[0]!r}; {did_you_mean(unknown[0], self.labels)}")
        return self._judge(rule, gate, measure)

    def _judge(self, rule: Rule, gate: Gate, measure: Measure) -> Verdict:
        sides = {"candidate": self.given.candidate, rule.against: self.given.baselines[rule.against]}
        found = {who: measured(side.evaluation, measure) for who, side in sides.items()}
        values = {"candidate": found["candidate"][1].value, "baseline": found[rule.against][1].value}
        rows, stats = rows_where(rule, self.labels, len(self.clusters)), {}
        for who, (index, measurement) in found.items():
            if reason := _unusable(measurement, len(self.clusters)):
                return _fail(f"{rule.metric} of the {who}: {reason}", values)
            stats[who], scored = sides[who].scores(index)
            if missing := int((rows & ~scored).sum()):
                return _fail(f"{rule.metric} of the {who}: {missing} of {rows.sum()} rows could not be scored", values)
        if self.stale:
            why = f"this is decision {self.given.look} on these rows, and the policy asks for fresh ones"
            return _unasked(Outcome.INCONCLUSIVE, f"{rule.metric}: {why}", values)
        both = (_read_only(stats["candidate"]), _read_only(stats[rule.against]))
        whole = Comparison(
            measure.traits, *both, self.clusters, self.labels, rule.against, self.alpha_scale, self.given.methods
        )
        return _ask(gate, whole if rows.all() else whole.part(rows), values)


def rows_where(rule: Rule, labels: Mapping[str, Sequence[str | None]], rows: int) -> Bools:
    """The rows that a rule judges as a mask ``[rows]``; its labels must be known."""
    mask = np.ones(rows, dtype=np.bool_)
    for label, value in rule.where.items():
        mask &= np.array([found == value for found in labels[label]], dtype=np.bool_)
    return mask


def _read_only(values: NDArray[T]) -> NDArray[T]:
    """A view, so that no gate can change what the next one is given."""
    view = values.view()
    view.flags.writeable = False
    return view


def measured(evaluation: Evaluation, measure: Measure) -> tuple[int, Measurement]:
    """The evaluation's measurement of exactly this metric, by index, or an absent one."""
    for index, measurement in enumerate(evaluation.measurements):
        if measurement.metric.identity == measure.component.identity:
            return index, measurement
    absent = Absent(absent="not by this version and these settings of the metric")
    return -1, Measurement(
        name=measure.traits.name,
        metric=measure.component,
        components=measure.components,
        scored=0,
        rows=0,
        value=absent,
        digest=None,
    )


def _unusable(measurement: Measurement, rows: int) -> str | None:
    if not isinstance(measurement.value, float):
        return f"not measured: {measurement.value.absent}"
    if measurement.rows != rows:
        return f"{measurement.rows} rows were measured, and the evaluation set has {rows}"
    return None


def _ask(gate: Gate, comparison: Comparison, values: Values) -> Verdict:
    try:
        verdict = gate.decide(comparison)
    except Exception as error:  # noqa: BLE001 - a gate is foreign code; its failure must close it, not end the run
        return _fail(f"the gate raised {type(error).__name__}: {error}", values)
    if not isinstance(verdict, Verdict):
        return _fail(f"the gate returned a {type(verdict).__name__}, not a Verdict", values)
    try:
        verdict = Verdict.model_validate(verdict.model_dump(warnings=False))  # it can be made without validation
    except ValidationError as error:
        reasons = "; ".join(map(str, reasons_of(error, Verdict)))
        return _fail(f"the gate returned a Verdict that is not valid: {reasons}", values)
    if verdict.outcome is Outcome.PASS and verdict.estimate is None:
        return _fail("the gate passed without an estimate", values)
    for who, stats, stated in (
        ("candidate", comparison.candidate, verdict.candidate),
        (comparison.against, comparison.baseline, verdict.baseline),
    ):
        value = value_of(stats, comparison.metric)
        if not verdict.slices and isinstance(stated, float) and not _equal(stated, value):
            return _fail(f"the gate states that the {who} is {stated:g}, its rows say otherwise", values)
    return verdict


def _equal(stated: float, value: float | Absent) -> bool:
    return isinstance(value, float) and math.isclose(stated, value, rel_tol=1e-9, abs_tol=1e-12)


def _fail(reason: str, values: Values | None = None) -> Verdict:
    return _unasked(Outcome.FAIL, reason, values or {})


def _unasked(outcome: Outcome, reason: str, values: Values) -> Verdict:
    """A verdict that no gate gave."""
    return Verdict(outcome=outcome, reason=reason, candidate=values.get("candidate"), baseline=values.get("baseline"))
