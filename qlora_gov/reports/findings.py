"""The parts of a card that say what was found: the decision, its rules, and what was measured on both sides."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeVar

from qlora_gov.canonical import canonical_json
from qlora_gov.records import Absent, Component, Decision, Evaluation, Interval, Outcome, Responses, RuleVerdict
from qlora_gov.reports.context import DecisionPart, DetectorLine, MeasurementLine, Reading, RuleLine, SubjectPart

T = TypeVar("T")

_WORST_FIRST = (Outcome.FAIL, Outcome.INCONCLUSIVE, Outcome.PASS)
_NOT_GIVEN = "the rule gave none"


def or_absent(value: T | None, reason: str) -> T | Absent:
    """The value, or Absent with the reason where there is none."""
    return Absent(absent=reason) if value is None else value


def decision_part(decision: Decision) -> DecisionPart:
    """The decision with its rules, the worst outcome first and otherwise in the policy's order."""
    rules = sorted(decision.verdicts, key=lambda item: _WORST_FIRST.index(item.verdict.outcome))
    return DecisionPart(
        outcome=decision.outcome,
        exploratory=decision.exploratory,
        look=decision.look,
        rules=tuple(_rule(item) for item in rules),
    )


def _rule(item: RuleVerdict) -> RuleLine:
    verdict = item.verdict
    return RuleLine(
        rule=item.rule,
        metric=item.metric,
        outcome=verdict.outcome,
        reason=verdict.reason,
        contrast=or_absent(verdict.contrast, _NOT_GIVEN),
        champion=or_absent(verdict.champion, _NOT_GIVEN),
        candidate=or_absent(verdict.candidate, _NOT_GIVEN),
        estimate=or_absent(verdict.estimate, _NOT_GIVEN),
        interval=or_absent(_with_an_end(verdict.interval), _NOT_GIVEN),
        threshold=or_absent(verdict.threshold, _NOT_GIVEN),
        rows=or_absent(verdict.rows, _NOT_GIVEN),
        clusters=or_absent(verdict.clusters, _NOT_GIVEN),
    )


def _with_an_end(interval: Interval | None) -> Interval | None:
    return None if interval is None or interval.low is interval.high is None else interval


def subject_part(responses: Responses) -> SubjectPart:
    """Who answered, and how."""
    return SubjectPart(
        base=responses.base,
        adapter=responses.adapter,
        quantization=responses.quantization,
        generation=responses.generation,
    )


def measurement_lines(candidate: Evaluation, champion: Evaluation) -> tuple[MeasurementLine, ...]:
    """Every metric that either side was measured on, the candidate's first."""
    measured = _distinct(item.metric for item in (*candidate.measurements, *champion.measurements))
    return tuple(_line(metric, candidate, champion) for metric in measured)


def detector_lines(candidate: Evaluation, champion: Evaluation) -> tuple[DetectorLine, ...]:
    """Every guardrail that looked at either side, with the measurement of how often it flagged an answer."""
    scans = {_work(scan.detector): scan for scan in (*champion.scans, *candidate.scans)}
    detectors = _distinct(scan.detector for scan in (*candidate.scans, *champion.scans))
    return tuple(
        DetectorLine(scan=scans[_work(detector)], rate=_line(detector.rate, candidate, champion))
        for detector in detectors
    )


def _line(metric: Component, candidate: Evaluation, champion: Evaluation) -> MeasurementLine:
    return MeasurementLine(metric=metric, champion=_reading(champion, metric), candidate=_reading(candidate, metric))


def _reading(evaluation: Evaluation, metric: Component) -> Reading:
    found = next((item for item in evaluation.measurements if _work(item.metric) == _work(metric)), None)
    if found is None:
        missing = Absent(absent="this side has no such measurement")
        return Reading(value=missing, scored=missing, rows=missing)
    return Reading(value=found.value, scored=found.scored, rows=found.rows)


def _distinct(components: Iterable[Component]) -> list[Component]:
    kept: dict[bytes, Component] = {}
    for component in components:
        kept.setdefault(_work(component), component)
    return list(kept.values())


def _work(component: Component) -> bytes:
    """What a component does: a newer version of a plugin still does the same, other settings do not."""
    return canonical_json([component.name, dict(component.settings)])
