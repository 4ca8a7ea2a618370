"""The parts of a card that say who answered, and what was measured on the answers."""

from __future__ import annotations

from collections.abc import Iterator

from qlora_gov.canonical import canonical_json
from qlora_gov.guardrails.cautions import figure_lines
from qlora_gov.records import Absent, Claim, Component, CorrectedRate, Inputs, Responses, Scan
from qlora_gov.records.settings import in_words
from qlora_gov.reports.card.absence import answered_elsewhere, or_absent
from qlora_gov.reports.card.context.findings import ClaimLine, DetectorLine, MeasurementLine, Reading, SubjectPart
from qlora_gov.reports.card.records import CardRecords, SubjectRecords
from qlora_gov.reports.rendering.digits import measured_places

NO_REFERENCE = Absent(absent="the policy pins no reference")


def subject_part(responses: Responses) -> SubjectPart:
    """Who answered, and how."""
    reason = answered_elsewhere(responses)
    return SubjectPart(
        base=or_absent(responses.base, reason),
        adapter=responses.adapter,
        quantization=or_absent(responses.quantization, reason),
        generation=or_absent(responses.generation, reason),
        rows=responses.rows,
        cut=responses.cut,
        empty=responses.empty,
        applied=", ".join(f"{name} {canonical_json(value).decode()}" for name, value in responses.applied.items()),
        given=tuple(_given(responses.inputs)),
    )


def _given(inputs: Inputs | None) -> Iterator[str]:
    if inputs is None:
        return
    if inputs.today is not None:
        yield f"the chat template was told that it is {inputs.today}"
    if inputs.shielded:
        yield f"{inputs.shielded} rows spell a control token, which was kept as text"
    if inputs.beyond:
        yield f"{inputs.beyond} rows can take more positions than the base was made for: their numbers say little"


def claim_lines(records: CardRecords) -> tuple[ClaimLine, ...]:
    """What rests on another tool's log, and on whoever imported it."""
    candidate = records.candidate.responses.claim
    return tuple(
        ClaimLine(
            side=side,
            claim=claim,
            unshown=tuple(_unshown(claim, candidate)),
            settings=in_words(claim.settings or {}),
            others=subject.others,
        )
        for side, subject in records.subjects.items()
        if (claim := subject.responses.claim) is not None
    )


def _unshown(claim: Claim, candidate: Claim | None) -> Iterator[str]:
    if claim.subject is not None:
        yield claim.subject
    if (other := claim.other_base(candidate)) is not None:
        yield other


def measurement_lines(records: CardRecords) -> tuple[MeasurementLine, ...]:
    """Every metric that any side was measured on, the candidate's first, without the rates of detectors."""
    rates = {_key(scan.name, scan.detector.rate) for scan in _scans(records)}
    measured: dict[bytes, tuple[str, Component]] = {}
    for subject in records.subjects.values():
        for item in subject.evaluation.measurements:
            measured.setdefault(_key(item.name, item.metric), (item.name, item.metric))
    return tuple(_line(*named, records) for key, named in measured.items() if key not in rates)


def detector_lines(records: CardRecords) -> tuple[DetectorLine, ...]:
    """Every guardrail that looked at any side, with how often it flagged an answer there."""
    scans: dict[bytes, Scan] = {}
    for scan in _scans(records):
        scans.setdefault(_key(scan.name, scan.detector), scan)
    return tuple(_detector(scan, records) for scan in scans.values())


def _scans(records: CardRecords) -> Iterator[Scan]:
    for subject in records.subjects.values():
        yield from subject.evaluation.scans


def _detector(scan: Scan, records: CardRecords) -> DetectorLine:
    rate = _line(scan.name, scan.detector.rate, records)
    return DetectorLine(
        name=scan.name,
        detector=scan.detector,
        fields=scan.fields,
        covers=scan.covers,
        misses=scan.misses,
        measured=figure_lines(scan.measured),
        errors=scan.errors,
        rate=rate,
        corrected_champion=_corrected(scan, records.champion, rate.champion),
        corrected_candidate=_corrected(scan, records.candidate, rate.candidate),
    )


def _corrected(scan: Scan, subject: SubjectRecords, raw: Reading) -> CorrectedRate | Absent:
    if isinstance(raw.value, Absent):
        return raw.value
    same = (one for one in subject.evaluation.scans if _key(one.name, one.detector) == _key(scan.name, scan.detector))
    return next((one.corrected for one in same), Absent(absent="this side was not scanned"))


def _line(name: str, metric: Component, records: CardRecords) -> MeasurementLine:
    return MeasurementLine(
        name=name,
        metric=metric,
        places=measured_places(records.decision, records.evaluations).get(name),
        champion=_reading(name, metric, records.champion),
        candidate=_reading(name, metric, records.candidate),
        reference=NO_REFERENCE if records.reference is None else _reading(name, metric, records.reference),
        left_out=_left_out(name, metric, records),
    )


def _left_out(name: str, metric: Component, records: CardRecords) -> str | None:
    """The rows that the metric left out: the same ones on every side, since it goes by their references."""
    found = (one for subject in records.subjects.values() for one in subject.evaluation.measurements)
    told = (one.left_out for one in found if _key(one.name, one.metric) == _key(name, metric))
    return next((line for line in told if line is not None), None)


def _reading(name: str, metric: Component, subject: SubjectRecords) -> Reading:
    for found in subject.evaluation.measurements:
        if _key(found.name, found.metric) == _key(name, metric):
            return Reading(value=found.value, scored=found.scored, rows=found.rows)
    missing = Absent(absent="this side has no such measurement")
    return Reading(value=missing, scored=missing, rows=missing)


def _key(name: str, component: Component) -> bytes:
    """What was done, under which name: a newer version of a plugin still does the same, other settings do not."""
    return canonical_json([name, component.name, dict(component.settings)])
