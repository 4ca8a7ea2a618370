"""How a card writes the figures of a record where it does not write them as any other number."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from qlora_gov.records import Absent, CorrectedRate, Decision, Evaluation, Interval, Record, SliceFinding, Verdict
from qlora_gov.reports.rendering.digits import Places, interval_places, measured_places, places_of, slice_places
from qlora_gov.reports.rendering.figures import about, number


def as_shown(record: Record, decision: Decision, evaluations: Sequence[Evaluation]) -> dict[str, str]:
    """The figures of a record by the path of their field; ``evaluations`` are of the decision that the card shows."""
    match record:
        case Decision() if record.edition >= 2:
            return dict(_verdicts(record))
        case Evaluation() if decision.edition >= 2:
            return dict(_measured(record, decision, evaluations))
    return {}


def _verdicts(decision: Decision) -> Iterator[tuple[str, str]]:
    for at, item in enumerate(decision.verdicts):
        verdict, field = item.verdict, f"verdicts[{at}].verdict"
        places = places_of(verdict, decision.edition)
        yield from _found(field, verdict, places)
        for name in ("bound", "detectable"):
            yield from _figure(f"{field}.{name}", getattr(verdict, name), places.contrast)
        for name in ("rows_needed", "rows_planned"):
            if (rows := getattr(verdict, name)) is not None:
                yield f"{field}.{name}", about(rows).removeprefix("about ")
        for part, found in enumerate(verdict.slices):
            yield from _found(f"{field}.slices[{part}]", found, slice_places(verdict, found, decision.edition))


def _found(field: str, found: Verdict | SliceFinding, places: Places) -> Iterator[tuple[str, str]]:
    yield from _figure(f"{field}.estimate", found.estimate, places.contrast)
    yield from _ends(f"{field}.interval", found.interval, places.contrast)
    for name in ("candidate", "baseline"):
        yield from _figure(f"{field}.{name}", getattr(found, name), places.values)


def _measured(
    evaluation: Evaluation, decision: Decision, evaluations: Sequence[Evaluation]
) -> Iterator[tuple[str, str]]:
    places = measured_places(decision, evaluations)
    for at, measured in enumerate(evaluation.measurements):
        yield from _figure(f"measurements[{at}].value", measured.value, places.get(measured.name))
    for at, scan in enumerate(evaluation.scans):
        if isinstance(rate := scan.corrected, CorrectedRate):
            digits = interval_places(rate.interval, rate.value, decision.edition)
            yield from _figure(f"scans[{at}].corrected.value", rate.value, digits)
            yield from _ends(f"scans[{at}].corrected.interval", rate.interval, digits)


def _ends(field: str, interval: Interval | None, places: int | None) -> Iterator[tuple[str, str]]:
    for name in ("low", "high"):
        yield from _figure(f"{field}.{name}", getattr(interval, name, None), places)


def _figure(field: str, value: float | Absent | None, places: int | None) -> Iterator[tuple[str, str]]:
    if isinstance(value, float):
        yield field, number(value, places)
