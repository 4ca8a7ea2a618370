"""The model card within a bill of materials: parameters, measurements, and what to consider."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from qlora_gov.records import Absent, Interval
from qlora_gov.reports.card.context.card import CardContext
from qlora_gov.reports.card.context.findings import SlicedRule
from qlora_gov.reports.card.cyclonedx.parts import Known, confidence, figure, properties


def model_card_of(context: CardContext, datasets: Sequence[str], known: Known) -> dict[str, Any]:
    """The model card of the adapter; ``datasets`` are the references of the components that it was made from."""
    base = context.base
    architecture = {} if isinstance(base, Absent) else {"modelArchitecture": base.architecture}
    return {
        "modelParameters": {
            "approach": {"type": "supervised"},
            "task": "text-generation",
            **architecture,
            "datasets": [{"ref": ref} for ref in datasets],
        },
        "quantitativeAnalysis": {"performanceMetrics": [*_values(context, known), *_tests(context, known)]},
        "considerations": {
            "useCases": [context.about.intended_use],
            "technicalLimitations": [*context.about.limits, *_blind_spots(context)],
            "ethicalConsiderations": [{"name": risk} for risk in context.about.risks],
        },
        "properties": properties(_methods(context)),
    }


def _values(context: CardContext, known: Known) -> Iterator[dict[str, Any]]:
    """What was measured on the candidate, on all rows."""
    for line in (*context.measurements, *(detector.rate for detector in context.detectors)):
        yield from _metric(line.name, known(f"{line.name}.value", line.candidate.value))
    for detector in context.detectors:
        rate = known(f"{detector.name}.corrected", detector.corrected_candidate)
        if rate:
            yield from _metric(f"{detector.name}, corrected for the detector's errors", rate.value, rate.interval)


def _tests(context: CardContext, known: Known) -> Iterator[dict[str, Any]]:
    """What each rule estimated, on all rows and by slice. The interval is of that, seldom of the value itself."""
    for line in context.decision.rules:
        what = f"{line.rule.metric}: {known(f'{line.rule.name}.contrast', line.contrast) or 'estimate'}"
        interval = known(f"{line.rule.name}.interval", line.interval)
        yield from _metric(what, known(f"{line.rule.name}.estimate", line.estimate), interval)
    for sliced in _sliced(context):
        for part in sliced.slices:
            name = f"{sliced.rule.name}.{part.slice}"
            yield from _metric(sliced.rule.metric, known(f"{name}.value", part.candidate), part=part.slice)
            estimate, interval = known(f"{name}.estimate", part.estimate), known(f"{name}.interval", part.interval)
            yield from _metric(f"{sliced.rule.metric}: estimate of {sliced.rule.name}", estimate, interval, part.slice)


def _metric(
    kind: str, value: float | None, interval: Interval | None = None, part: str | None = None
) -> Iterator[dict[str, Any]]:
    if value is not None:
        bounds = confidence(interval)
        yield {
            "type": kind,
            "value": figure(value),
            **({"slice": part} if part is not None else {}),
            **({"confidenceInterval": bounds} if bounds else {}),
        }


def _blind_spots(context: CardContext) -> Iterator[str]:
    """A rate of 0 says nothing of what a detector does not look for."""
    for detector in context.detectors:
        if detector.misses:
            yield f"{detector.name} does not find: {', '.join(detector.misses)}"


def _methods(context: CardContext) -> Iterator[tuple[str, str]]:
    """How each interval was made, which CycloneDX has no field for."""
    for line in context.decision.rules:
        yield from _method(line.rule.name, line.interval)
    for sliced in _sliced(context):
        for part in sliced.slices:
            yield from _method(f"{sliced.rule.name}:{part.slice}", part.interval)


def _method(name: str, interval: Interval | Absent) -> Iterator[tuple[str, str]]:
    if isinstance(interval, Interval):
        yield f"interval:{name}", f"{100 * interval.level:.4g}%, {interval.method}"


def _sliced(context: CardContext) -> tuple[SlicedRule, ...]:
    return () if isinstance(context.slices, Absent) else context.slices
