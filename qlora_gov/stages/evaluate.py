"""Evaluate: score stored responses with every metric, and look through them with every guardrail."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from qlora_gov.canonical import columns_id
from qlora_gov.errors import PluginError
from qlora_gov.guardrails.detect import DetectorError, detect_all
from qlora_gov.plugin.measures import Measure
from qlora_gov.plugin.scoring import score_rows, value_of_rows
from qlora_gov.plugin.sealed import Sealed
from qlora_gov.plugin.specs import Bools, EvaluatedRow, Finding, Floats, Guardrail, Progress
from qlora_gov.plugin.unread import unread_line, unread_rows
from qlora_gov.records import (
    Absent,
    Component,
    CorrectedRate,
    DetectorErrors,
    DetectorFigure,
    Evaluation,
    Interval,
    Measurement,
    Responses,
    Scan,
)
from qlora_gov.records.example import Example
from qlora_gov.records.table import Table, cluster_numbers, likelihoods_of, recorded_scores, scores_id, scores_table
from qlora_gov.stats import METHODS, Withheld, newest_methods
from qlora_gov.text import one_line

_LEVEL = 0.95
_UNLOGGED = Absent(absent="no answer is on record: the log holds none")
_FIELDS = ("prompt", "reference", "response")


@dataclass(frozen=True)
class Detector:
    """A guardrail, its rate as a measure, what it says of what it finds, and the ``kinds`` that it may report."""

    guardrail: Guardrail
    component: Component
    rate: Measure
    covers: tuple[str, ...]
    misses: tuple[str, ...]
    kinds: frozenset[str]
    errors: DetectorErrors | None = None
    measured: tuple[DetectorFigure, ...] = ()


@dataclass(frozen=True)
class _Scored:
    measurement: Measurement
    stats: Floats
    scored: Bools


def evaluated_rows(
    examples: Sequence[Example],
    responses: Table,
    likelihoods: Table | None,
    recorded: Table | None,
    notes: tuple[str, ...] = (),
) -> list[EvaluatedRow]:
    """Examples with the responses of their rows, and the likelihoods and recorded scores where there are any."""
    rated = [None] * len(examples) if likelihoods is None else likelihoods_of(likelihoods)
    scores = recorded_scores(recorded, len(examples))
    return [
        EvaluatedRow(example, response, rating, score, notes)
        for example, response, rating, score in zip(examples, responses["response"], rated, scores, strict=True)
    ]


def score_responses(
    responses: Responses,
    rows: Sequence[EvaluatedRow],
    measures: Sequence[Measure],
    detectors: Sequence[Detector],
    progress: Progress,
    *,
    leave_out: bool = False,
) -> tuple[Evaluation, dict[str, Table]]:
    """Return the record of all measurements, and the tables ``scores`` and ``findings``.

    Of a log that holds no answers nothing is measured that reads them. With ``leave_out``, rows that a metric says it
    does not read are not measured by it.
    """
    progress.begin("scoring responses", len(measures) + len(detectors))
    sealed, results = Sealed(rows), []  # no plugin can change what the next one sees
    unlogged = responses.claim is not None and not any(row.response for row in rows)
    for measure in measures:
        missing = unlogged and "response" in measure.needs
        results.append(_absent(measure, len(rows), _UNLOGGED) if missing else _measure(measure, sealed, leave_out))
        progress.advance(1, measure.traits.name)
    scans: list[Scan] = []
    findings = _Findings()
    for detector in detectors:
        result = (
            _absent(detector.rate, len(rows), _UNLOGGED) if unlogged else _rate(detector, rows, len(scans), findings)
        )
        results.append(result)
        if result.measurement.digest is not None:
            scans.append(_scan(detector, result, rows))
        progress.advance(1, detector.rate.traits.name)
    found = findings.table()
    record = Evaluation(
        responses=responses.id,
        measurements=tuple(result.measurement for result in results),
        scans=tuple(scans),
        findings=columns_id(found),
    )
    whole = [(at, r.stats, r.scored) for at, r in enumerate(results) if r.measurement.digest is not None]
    return record, {"scores": scores_table(whole), "findings": found}


def _measure(measure: Measure, rows: Sealed[EvaluatedRow], leave_out: bool) -> _Scored:
    """One metric over all rows. Whatever is wrong with it becomes an absent value, which closes the gate.

    An error that the user can mend is none of these: recorded as a result, it would stay after it is mended.
    """
    found = score_rows(measure, rows)
    if isinstance(found, Absent):
        return _absent(measure, len(rows.rows), found)
    return _read(measure, *found, [row.example for row in rows.rows]) if leave_out else _result(measure, *found)


def _read(measure: Measure, stats: Floats, scored: Bools, examples: Sequence[Example]) -> _Scored:
    """The result on the rows that the metric reads."""
    try:
        unread = unread_rows(measure, examples)
    except PluginError as error:
        return _absent(measure, len(examples), Absent(absent=str(error)))
    if not unread:
        return _result(measure, stats, scored)
    scored = scored.copy()
    scored[list(unread)] = False
    return _result(measure, stats, scored, unread_line(measure.traits.name, unread, examples, len(examples)))


def _rate(detector: Detector, rows: Sequence[EvaluatedRow], number: int, findings: _Findings) -> _Scored:
    """The share of responses that a detector flags, its findings kept; absent where it failed on any text."""
    try:
        flagged = findings.scan(number, detector, rows)
    except DetectorError as fault:
        return _absent(detector.rate, len(rows), Absent(absent=f"the guardrail {fault}"))
    stats = np.column_stack([flagged.astype(np.float64), np.ones(len(rows))])
    return _result(detector.rate, stats, np.ones(len(rows), dtype=np.bool_))


def _scan(detector: Detector, result: _Scored, rows: Sequence[EvaluatedRow]) -> Scan:
    """What a detector looked at, and its rate corrected by its errors: the raw rate gates, both are printed."""
    errors: DetectorErrors | Absent = detector.errors or Absent(absent="nobody has measured this detector's errors")
    flagged, groups, methods = int(result.stats[:, 0].sum()), [row.example.group for row in rows], newest_methods()
    return Scan(
        name=detector.rate.traits.name,
        detector=detector.component,
        fields=_FIELDS,
        covers=detector.covers,
        misses=detector.misses,
        errors=errors,
        corrected=(
            errors
            if isinstance(errors, Absent)
            else correct_rate(flagged, groups, errors, level=_LEVEL, methods=methods)
        ),
        methods=methods,
        measured=detector.measured,
    )


def correct_rate(
    flagged: int, groups: Sequence[str], errors: DetectorErrors, *, level: float, methods: int
) -> CorrectedRate | Absent:
    """The true rate behind ``flagged`` of the rows of ``groups [n]``, by one revision of the methods."""
    if not groups:
        return Absent(absent="there are no rows")
    found = METHODS[methods].corrected_rate(flagged, cluster_numbers(groups), errors)
    if isinstance(found, Withheld):
        return Absent(absent=found.reason)
    low, high = found.interval(level)
    return CorrectedRate(value=found.value, interval=Interval(low=low, high=high, level=level, method=found.method))


def _result(measure: Measure, stats: Floats, scored: Bools, left_out: str | None = None) -> _Scored:
    measurement = Measurement(
        name=measure.traits.name,
        metric=measure.component,
        components=measure.components,
        scored=int(scored.sum()),
        rows=len(stats),
        value=Absent(absent=left_out) if left_out and not scored.any() else value_of_rows(measure, stats[scored]),
        digest=scores_id(stats, scored),
        declared=measure.declared,
        left_out=left_out,
    )
    return _Scored(measurement, stats, scored)


def _absent(measure: Measure, rows: int, reason: Absent) -> _Scored:
    measurement = Measurement(
        name=measure.traits.name,
        metric=measure.component,
        components=measure.components,
        scored=0,
        rows=rows,
        value=reason,
        digest=None,
        declared=measure.declared,
    )
    return _Scored(measurement, np.empty((0, len(measure.components))), np.empty(0, dtype=np.bool_))


class _Findings:
    """Spans that detectors saw, gathered as columns."""

    def __init__(self) -> None:
        self._rows: list[tuple[int, str, int, Finding]] = []

    def scan(self, number: int, detector: Detector, rows: Sequence[EvaluatedRow]) -> Bools:
        """Look at every field of every row; return which responses were flagged, ``[n]``.

        Keeps nothing of a guardrail that fails on any field. Raises DetectorError, which then names field and row.
        """
        found = {field: _detected(detector, rows, field) for field in _FIELDS}
        for field, texts in found.items():
            self._rows += [(row, field, number, finding) for row, findings in enumerate(texts) for finding in findings]
        return np.array([bool(findings) for findings in found["response"]], dtype=np.bool_)

    def table(self) -> Table:
        """The table, in a stable order."""
        rows = sorted(self._rows, key=lambda r: (r[0], r[1], r[2], r[3].start, r[3].end, r[3].kind))
        return {
            "row": np.array([row for row, _, _, _ in rows], dtype=np.int64),
            "field": [field for _, field, _, _ in rows],
            "detector": np.array([number for _, _, number, _ in rows], dtype=np.int64),
            "kind": [finding.kind for *_, finding in rows],
            "score": np.array([finding.score for *_, finding in rows], dtype=np.float64),
            "start": np.array([finding.start for *_, finding in rows], dtype=np.int64),
            "end": np.array([finding.end for *_, finding in rows], dtype=np.int64),
        }


def _detected(detector: Detector, rows: Sequence[EvaluatedRow], field: str) -> list[list[Finding]]:
    texts = [_text(row, field) for row in rows]
    try:
        return detect_all(detector.guardrail, texts, detector.kinds, detector.component.name)
    except DetectorError as fault:
        if fault.text is None:
            raise
        raise DetectorError(f"{fault}, in the {field} of {one_line(rows[fault.text].example.source)}") from fault


def _text(row: EvaluatedRow, field: str) -> str:
    if field == "prompt":
        return prompt_text(row.example)
    return row.example.reference if field == "reference" else row.response or ""


def prompt_text(example: Example) -> str:
    """All turns before the reference as one text, the one that spans of the field ``prompt`` count in."""
    return "\n".join(message.content for message in example.prompt)
