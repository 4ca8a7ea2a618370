"""Gate: judge a candidate against its champion, rule by rule. Whatever could not be judged does not pass."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray
from pydantic import ValidationError

from qlora_gov.errors import PluginError, did_you_mean
from qlora_gov.explain import reasons_of
from qlora_gov.plugin.measures import Measure
from qlora_gov.plugin.sides import Side, counted_answers, equal_rows
from qlora_gov.plugin.specs import Bools, Comparison, Floats, Gate, MetricTraits, ratio
from qlora_gov.plugin.unread import unread_line, unread_rows
from qlora_gov.records import (
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
from qlora_gov.records.policy import ANSWERS
from qlora_gov.records.table import cluster_numbers, labels_of
from qlora_gov.stats import newest_methods, value_of

T = TypeVar("T", bound=np.generic)

_ANSWERS = MetricTraits(ANSWERS, True, "absolute", True, ratio)
"""What stands for a metric where a rule judges the answers themselves: the share of those that differ."""

Values = Mapping[str, float | Absent]
"""What was measured on ``candidate`` and ``baseline``."""


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
        answers=counted_answers(given.candidate, given.baselines),
    )


def judge(policy: Policy, gates: Mapping[str, Gate], given: GateInput) -> tuple[RuleVerdict, ...]:
    """A verdict for each rule, in the policy's order."""
    judge_one = _Judge(policy, given)
    return tuple(
        RuleVerdict(rule=rule, verdict=judge_one(rule, gates.get(rule.name)), notice=judge_one.notice(rule))
        for rule in policy.rules
    )


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
        self.closed = policy.leaves_out_unread
        self.clusters = _read_only(cluster_numbers([example.group for example in given.examples]))
        labels = labels_of(given.examples)
        self.labels = MappingProxyType({name: tuple(values) for name, values in labels.items()})
        looked = given.look > 1
        self.stale = looked and policy.further_looks == "fresh_rows"
        self._equals: dict[str, Bools | None] = {}
        self.alpha_scale = 0.5 ** (given.look - 1) if looked and policy.further_looks == "halve_alpha" else 1.0

    def __call__(self, rule: Rule, gate: Gate | None) -> Verdict:
        measure = self._measure(rule)
        if gate is None:
            return _fail("this rule has no gate")
        if measure is None and rule.judges == "metric":
            names = [one.traits.name for one in self.given.measures]
            return _fail(f"nothing that is measured is named {rule.metric!r}; {did_you_mean(rule.metric, names)}")
        if rule.against not in self.given.baselines:
            return _fail(f"the {rule.against} has no evaluation")
        if unknown := [label for label in rule.where if label not in self.labels]:
            return _fail(f"where: no row has a label {unknown[0]!r}; {did_you_mean(unknown[0], self.labels)}")
        return self._judge_answers(rule, gate) if measure is None else self._judge(rule, gate, measure)

    def notice(self, rule: Rule) -> str | None:
        """What is wrong with the measurement that a rule judged, where no duty binds on it."""
        measure = self._measure(rule)
        return None if measure is None or self.closed else self._unread(rule, measure)

    def _measure(self, rule: Rule) -> Measure | None:
        """What measured for a rule; None where nothing did, or the rule is on the answers themselves."""
        measures = self.given.measures if rule.judges == "metric" else ()
        return next((one for one in measures if one.traits.name == rule.metric), None)

    def _unread(self, rule: Rule, measure: Measure) -> str | None:
        """How many of the rows that a rule judges its metric does not read, and what would; or that it failed."""
        if set(rule.where) - set(self.labels):
            return None
        rows, examples = rows_where(rule, self.labels, len(self.clusters)), self.given.examples
        try:
            unread = unread_rows(measure, examples)
        except PluginError as error:
            return str(error)
        judged = {row: why for row, why in unread.items() if rows[row]}
        return unread_line(measure.traits.name, judged, examples, int(rows.sum())) if judged else None

    def _judge_answers(self, rule: Rule, gate: Gate) -> Verdict:
        """Judge whether the answers differ: of each row 1 where they do, which is 0 of a baseline and itself."""
        equal = self._equal(rule.against)
        if equal is None:
            return _fail(f"not measured: the answers of the candidate or the {rule.against} are not on record")
        if self.stale:
            return _unasked(Outcome.INCONCLUSIVE, self._why_stale, {})
        ones = np.ones(equal.size)
        other, none = np.column_stack([~equal, ones]), np.column_stack([np.zeros(equal.size), ones])
        return _ask(gate, self._comparison(rule, _ANSWERS, other, none), {})

    def _equal(self, against: str) -> Bools | None:
        if against not in self._equals:
            self._equals[against] = equal_rows(self.given.candidate, self.given.baselines[against])
        return self._equals[against]

    def _comparison(self, rule: Rule, metric: MetricTraits, candidate: Floats, baseline: Floats) -> Comparison:
        """All of a side's rows, or those that the rule judges."""
        rows, equal = rows_where(rule, self.labels, len(self.clusters)), self._equal(rule.against)
        whole = Comparison(
            metric,
            _read_only(candidate),
            _read_only(baseline),
            self.clusters,
            self.labels,
            rule.against,
            self.alpha_scale,
            self.given.methods,
            None if equal is None else _read_only(equal),
        )
        return whole if rows.all() else whole.part(rows)

    @property
    def _why_stale(self) -> str:
        return f"this is decision {self.given.look} on these rows, and the policy asks for fresh ones"

    def _judge(self, rule: Rule, gate: Gate, measure: Measure) -> Verdict:
        sides = {"candidate": self.given.candidate, rule.against: self.given.baselines[rule.against]}
        found = {who: measured(side.evaluation, measure) for who, side in sides.items()}
        values = {"candidate": found["candidate"][1].value, "baseline": found[rule.against][1].value}
        rows, stats = rows_where(rule, self.labels, len(self.clusters)), {}
        if self.closed and (unread := self._unread(rule, measure)):
            return _fail(f"not measured: {unread}", values)
        for who, (index, measurement) in found.items():
            if reason := _unusable(measurement, len(self.clusters)):
                return _fail(f"{rule.metric} of the {who}: {reason}", values)
            stats[who], scored = sides[who].scores(index)
            if missing := int((rows & ~scored).sum()):
                return _fail(f"{rule.metric} of the {who}: {missing} of {rows.sum()} rows could not be scored", values)
        if self.stale:
            return _unasked(Outcome.INCONCLUSIVE, f"{rule.metric}: {self._why_stale}", values)
        comparison = self._comparison(rule, measure.traits, stats["candidate"], stats[rule.against])
        return _ask(gate, comparison, values)


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
