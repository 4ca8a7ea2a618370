"""Gate: judge a candidate against its champion, rule by rule. Whatever could not be judged does not pass."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from qlora_gov.measures import Measure, find_measure
from qlora_gov.records import (
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
    if Outcome.INCONCLUSIVE in outcomes or not outcomes:
        return DecisionOutcome.INCONCLUSIVE
    return DecisionOutcome.APPROVED


def _judge(
    rule: UsedRule, measures: Sequence[Measure], candidate: Side, champion: Side, clusters: NDArray[np.int64]
) -> Verdict:
    at = find_measure(measures, rule.metric)
    if at is None:
        return _fail(f"{rule.metric} is not among the metrics and guardrails of the evaluation")
    measure = measures[at]
    stats = []
    for who, side in (("candidate", candidate), ("champion", champion)):
        index = _index(side.evaluation, measure)
        if index is None:
            return _fail(f"{rule.metric} was not measured on the {who}")
        measurement = side.evaluation.measurements[index]
        if reason := _unusable(measurement, len(clusters)):
            return _fail(f"{rule.metric} of the {who}: {reason}")
        stats.append(side.scores(index)[0])
    return _ask(rule.gate, Comparison(measure.traits, stats[0], stats[1], clusters))


def _index(evaluation: Evaluation, measure: Measure) -> int | None:
    components = [measurement.metric for measurement in evaluation.measurements]
    return components.index(measure.component) if measure.component in components else None


def _unusable(measurement: Measurement, rows: int) -> str | None:
    if not isinstance(measurement.value, float):
        return f"not measured: {measurement.value.absent}"
    if measurement.rows != rows:
        return f"{measurement.rows} rows were measured, and the evaluation set has {rows}"
    if measurement.scored != rows:
        return f"{rows - measurement.scored} of {rows} rows could not be scored"
    return None


def _ask(gate: Gate, comparison: Comparison) -> Verdict:
    try:
        verdict = gate.decide(comparison)
    except Exception as error:  # noqa: BLE001 - a gate is foreign code; its failure must close it, not end the run
        return _fail(f"the gate raised {type(error).__name__}: {error}")
    if not isinstance(verdict, Verdict):
        return _fail(f"the gate returned a {type(verdict).__name__}, not a Verdict")
    if verdict.outcome is Outcome.PASS and (verdict.estimate is None or not math.isfinite(verdict.estimate)):
        return _fail("the gate passed without an estimate")
    return verdict


def _fail(reason: str) -> Verdict:
    return Verdict(outcome=Outcome.FAIL, reason=reason)
