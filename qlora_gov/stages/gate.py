"""Gate: judge a candidate against its champion, rule by rule. Whatever could not be judged does not pass."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray
from pydantic import ValidationError

from qlora_gov.config import explain
from qlora_gov.measures import Measure, find_measure
from qlora_gov.records import (
    Absent,
    Component,
    Decision,
    DecisionOutcome,
    Evaluation,
    Measurement,
    Outcome,
    Policy,
    RuleVerdict,
    Verdict,
)
from qlora_gov.specs import Bools, Comparison, Floats, Gate

T = TypeVar("T", bound=np.generic)

Values = Mapping[str, float | Absent]
"""What was measured on ``candidate`` and ``champion``."""


@dataclass(frozen=True)
class Side:
    """One evaluated subject: its record, and a reader of one measurement's statistics ``[n, k]`` and scored rows."""

    evaluation: Evaluation
    scores: Callable[[int], tuple[Floats, Bools]]


@dataclass(frozen=True)
class UsedRule:
    """A rule of the policy: its gate, what the record says of it, and the metric that it judges."""

    gate: Gate
    component: Component
    metric: str


def decide(
    policy: Policy,
    rules: Sequence[UsedRule],
    measures: Sequence[Measure],
    candidate: Side,
    champion: Side,
    clusters: NDArray[np.int64],
    *,
    adapter: str,
    exploratory: bool,
    look: int,
) -> Decision:
    """Return the decision: refused where any rule fails, else inconclusive where any could not tell, else approved."""
    verdicts = tuple(
        RuleVerdict(
            rule=rule.component,
            metric=rule.metric,
            verdict=_judge(rule, measures, candidate, champion, clusters),
        )
        for rule in rules
    )
    return Decision(
        policy=policy.id,
        candidate=candidate.evaluation.id,
        champion=champion.evaluation.id,
        adapter=adapter,
        verdicts=verdicts,
        outcome=outcome_of([verdict.verdict.outcome for verdict in verdicts]),
        exploratory=exploratory,
        look=look,
    )


def outcome_of(outcomes: Sequence[Outcome]) -> DecisionOutcome:
    """Approval is an intersection-union test: every rule must pass, each at its full alpha. No rules, no approval."""
    if Outcome.FAIL in outcomes:
        return DecisionOutcome.REFUSED
    if outcomes and all(outcome is Outcome.PASS for outcome in outcomes):
        return DecisionOutcome.APPROVED
    return DecisionOutcome.INCONCLUSIVE


def _judge(
    rule: UsedRule, measures: Sequence[Measure], candidate: Side, champion: Side, clusters: NDArray[np.int64]
) -> Verdict:
    at = find_measure(measures, rule.metric)
    if at is None:
        return _fail(f"{rule.metric} is not the name of exactly one metric or guardrail's rate of the evaluation")
    measure = measures[at]
    sides = {"candidate": candidate, "champion": champion}
    found = {who: _measured(side.evaluation, measure) for who, side in sides.items()}
    values = {who: measurement.value for who, (_, measurement) in found.items()}
    for who, (_, measurement) in found.items():
        if reason := _unusable(measurement, len(clusters)):
            return _fail(f"{rule.metric} of the {who}: {reason}", values)
    stats = {who: _read_only(sides[who].scores(index)[0]) for who, (index, _) in found.items()}
    comparison = Comparison(measure.traits, stats["candidate"], stats["champion"], _read_only(clusters))
    return _ask(rule.gate, comparison, values)


def _read_only(values: NDArray[T]) -> NDArray[T]:
    """A view, so that no gate can change what the next one is given."""
    view = values.view()
    view.flags.writeable = False
    return view


def _measured(evaluation: Evaluation, measure: Measure) -> tuple[int, Measurement]:
    """The evaluation's measurement of exactly this metric, by index, or an absent one."""
    for index, measurement in enumerate(evaluation.measurements):
        if measurement.metric == measure.component:
            return index, measurement
    absent = Absent(absent="not by this version and these settings of the metric")
    return -1, Measurement(
        metric=measure.component, components=measure.components, scored=0, rows=0, value=absent, digest=None
    )


def _unusable(measurement: Measurement, rows: int) -> str | None:
    if not isinstance(measurement.value, float):
        return f"not measured: {measurement.value.absent}"
    if measurement.rows != rows:
        return f"{measurement.rows} rows were measured, and the evaluation set has {rows}"
    if measurement.scored != rows:
        return f"{rows - measurement.scored} of {rows} rows could not be scored"
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
        return _fail(f"the gate returned a Verdict that is not valid: {explain(error, Verdict)}", values)
    if verdict.outcome is Outcome.PASS and verdict.estimate is None:
        return _fail("the gate passed without an estimate", values)
    return verdict


def _fail(reason: str, values: Values | None = None) -> Verdict:
    return Verdict(outcome=Outcome.FAIL, reason=reason, **(values or {}))
