"""Gate: judge a candidate against its champion, rule by rule. Whatever could not be judged does not pass."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import MappingProxyType

import numpy as np
from pydantic import ValidationError

from qlora_gov.canonical import canonical_json
from qlora_gov.errors import GovError, did_you_mean
from qlora_gov.explain import reasons_of
from qlora_gov.plugin.calls import ForeignError, plugin_code, reason_of
from qlora_gov.plugin.measures import Measure
from qlora_gov.plugin.scoring import aggregate_fault
from qlora_gov.plugin.specs import Bools, Comparison, Floats, Gate
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
from qlora_gov.records.table import cluster_numbers, labels_of
from qlora_gov.stats import newest_methods, value_of
from qlora_gov.text import one_line

RAISED = "the gate raised"
"""How the reason begins of a rule whose gate raised; what follows is told as each version tells it."""

_LONGEST = 20_000  # characters of a reason
_SURROGATE = re.compile("[\ud800-\udfff]")
_ARRAYS = ("candidate", "baseline", "clusters")

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
    policy: Policy,
    gates: Mapping[str, Gate],
    given: GateInput,
    *,
    stated: str,
    adapter: str,
    exploratory: bool,
    mended: tuple[str, ...] = (),
) -> Decision:
    """Return the decision on every rule of the policy; ``gates`` are by the rule's name.

    ``stated`` is the id of the policy of these terms that is on record. Verdicts name the components that judged.
    ``mended`` are the metrics whose code is younger than the answers.
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
        mended=mended,
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
        self.clusters = cluster_numbers([example.group for example in given.examples])
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
        both = (stats["candidate"], stats[rule.against])
        whole = Comparison(
            measure.traits, *both, self.clusters, self.labels, rule.against, self.alpha_scale, self.given.methods
        )
        return _ask(gate, measure, whole if rows.all() else whole.part(rows), values)


def rows_where(rule: Rule, labels: Mapping[str, Sequence[str | None]], rows: int) -> Bools:
    """The rows that a rule judges as a mask ``[rows]``; its labels must be known."""
    mask = np.ones(rows, dtype=np.bool_)
    for label, value in rule.where.items():
        mask &= np.array([found == value for found in labels[label]], dtype=np.bool_)
    return mask


def _lent(comparison: Comparison) -> Comparison:
    """The same, of arrays that no other gate is given and that cannot be written to by accident."""
    arrays = {name: getattr(comparison, name).copy() for name in _ARRAYS}
    for array in arrays.values():
        array.flags.writeable = False
    labels = MappingProxyType({name: tuple(values) for name, values in comparison.labels.items()})
    return replace(comparison, metric=replace(comparison.metric), labels=labels, **arrays)


def _as_lent(given: Comparison, comparison: Comparison) -> bool:
    """Whether a gate left what it was lent as it was."""
    same = all(np.array_equal(getattr(given, name), getattr(comparison, name)) for name in _ARRAYS)
    return same and given.metric == comparison.metric


def measured(evaluation: Evaluation, measure: Measure) -> tuple[int, Measurement]:
    """The evaluation's measurement of exactly this metric, by index, or an absent one."""
    for index, measurement in enumerate(evaluation.measurements):
        if measurement.metric.identity == measure.component.identity:
            return index, measurement
    absent = Absent(
        absent="not by this version and these settings of the metric; 'qlora-gov evaluate', or 'import' of the same "
        "log, scores the stored answers by these"
    )
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


def _ask(gate: Gate, measure: Measure, comparison: Comparison, values: Values) -> Verdict:
    lent = _lent(comparison)
    try:
        with plugin_code("a gate"):
            verdict = gate.decide(lent)
    except ForeignError as error:
        return _fail(f"{RAISED} {error}{_metrics_fault(measure, comparison)}", values)
    except GovError as error:  # of ours or not, it must close the gate, not end the run
        return _fail(f"{RAISED} {reason_of(error)}{_metrics_fault(measure, comparison)}", values)
    if not _as_lent(comparison, lent):
        return _fail("the gate changed what it was given to judge", values)
    if not isinstance(verdict, Verdict):
        return _fail(f"the gate returned a {type(verdict).__name__}, not a Verdict", values)
    try:
        verdict = _recordable(verdict)
    except (ValueError, TypeError, AttributeError) as error:
        reasons = map(str, reasons_of(error, Verdict)) if isinstance(error, ValidationError) else [reason_of(error)]
        return _fail(f"the gate returned a Verdict that is not valid: {one_line('; '.join(reasons))}", values)
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


def _recordable(verdict: Verdict) -> Verdict:
    """A gate's verdict of plain values that a ledger can hold: it can be made without validation, and of any text."""
    given = Verdict.model_dump(verdict, warnings=False)
    if isinstance(reason := given.get("reason"), str) and (len(reason) > _LONGEST or _SURROGATE.search(reason)):
        given["reason"] = one_line(reason)
    plain = Verdict.model_validate(given)
    canonical_json(plain.model_dump(mode="json"))
    return plain


def _metrics_fault(measure: Measure, comparison: Comparison) -> str:
    """What is wrong with the metric under a gate that raised, where the fault is not the gate's."""
    fault = aggregate_fault(measure, comparison.candidate) or aggregate_fault(measure, comparison.baseline)
    return "" if fault is None else f"; not the gate is at fault, but {measure.component.name}: {fault}"


def _equal(stated: float, value: float | Absent) -> bool:
    return isinstance(value, float) and math.isclose(stated, value, rel_tol=1e-9, abs_tol=1e-12)


def _fail(reason: str, values: Values | None = None) -> Verdict:
    return _unasked(Outcome.FAIL, reason, values or {})


def _unasked(outcome: Outcome, reason: str, values: Values) -> Verdict:
    """A verdict that no gate gave."""
    return Verdict(outcome=outcome, reason=reason, candidate=values.get("candidate"), baseline=values.get("baseline"))
