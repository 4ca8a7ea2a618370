"""A rehearsal: the policy's metrics and guardrails work on answers that are at hand, before anything is trained.

The reference answers stand for good ones, and an empty answer for the worst that a subject gives. What fails on them
would fail, or might, once a training is paid for. No value of a rehearsal is kept, or means anything; log-likelihoods
are made up, of the right shape.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence

from qlora_gov.errors import GovError
from qlora_gov.guardrails.detect import DetectorError, detect_all
from qlora_gov.plugin.measures import Measure
from qlora_gov.plugin.scoring import aggregate_fault, score_rows
from qlora_gov.plugin.sealed import Sealed
from qlora_gov.plugin.specs import EvaluatedRow, Progress
from qlora_gov.plugin.unread import UnreadAmong
from qlora_gov.project.binding import BoundProject
from qlora_gov.records import Absent
from qlora_gov.records.answer import LogLikelihood
from qlora_gov.records.example import Example
from qlora_gov.records.table import labels_of
from qlora_gov.stages.evaluate import Detector
from qlora_gov.stages.judged import rows_where

_FEW = 16
_PATIENCE = 30.0  # seconds for one component and kind of answer; who would take longer is tried on a few rows

_Try = Callable[[Sequence[EvaluatedRow]], str | None]


def rehearse(bound: BoundProject, examples: Sequence[Example], progress: Progress) -> list[str]:
    """A line for each measurement of the release policy that fails on reference answers or empty ones, or reads none.

    A metric may read some rows only: those that a rule judges must be among them.
    """
    judged = {rule.metric for rule in bound.release.policy.rules}
    tries: dict[str, _Try] = {
        one.traits.name: _metric(one)
        for one in bound.measures.all
        if one.metric is not None and one.traits.name in judged
    }
    rates = {used.name for used in bound.measures.guardrails} & judged
    if rates:
        tries |= {one.rate.traits.name: _guardrail(one) for one in bound.detectors() if one.rate.traits.name in rates}
    progress.begin("rehearsing the metrics", len(tries))
    faults = []
    for name, attempt in tries.items():
        faults += [f"{name} fails on {fault}" for fault in _faults(attempt, examples)]
        progress.advance(1, name)
    return [*faults, *_unread(bound, examples)]


def _unread(bound: BoundProject, examples: Sequence[Example]) -> Iterator[str]:
    """The rows that a rule judges and its metric does not read, once for each metric."""
    measures, labels = {one.traits.name: one for one in bound.measures.all}, labels_of(examples)
    among, told = UnreadAmong(examples), set()
    for rule in bound.release.policy.rules:
        if rule.metric in measures and rule.metric not in told and set(rule.where) <= set(labels):
            line = among(measures[rule.metric], rows_where(rule, labels, len(examples)))
            if line is not None:
                told.add(rule.metric)
                yield line


def _faults(attempt: _Try, examples: Sequence[Example]) -> Iterator[str]:
    """What goes wrong, told once: an empty answer is tried where the reference answers went well."""
    for what, empty in (("the reference answers", False), ("an empty answer", True)):
        fault = _some_then_all(attempt, [_row(example, empty=empty) for example in examples])
        if fault is not None:
            yield f"{what}: {fault}"
            return


def _some_then_all(attempt: _Try, rows: Sequence[EvaluatedRow]) -> str | None:
    """A few rows spread evenly, and all of them where that takes no longer than our patience."""
    few = [rows[at * len(rows) // min(_FEW, len(rows))] for at in range(min(_FEW, len(rows)))]
    began = time.monotonic()
    fault = attempt(few)
    took = (time.monotonic() - began) / max(1, len(few))
    return fault if fault is not None or took * len(rows) > _PATIENCE else attempt(rows)


def _row(example: Example, *, empty: bool) -> EvaluatedRow:
    tokens = 1 + len(example.reference.split())
    likelihood = LogLikelihood(nll=2.0 * tokens, tokens=tokens, bytes=len(example.reference.encode()))
    return EvaluatedRow(example, "" if empty else example.reference, likelihood)


def _metric(measure: Measure) -> _Try:
    def attempt(rows: Sequence[EvaluatedRow]) -> str | None:
        try:
            found = score_rows(measure, Sealed(rows))
        except GovError as error:
            return str(error)
        if isinstance(found, Absent):
            return found.absent
        stats, scored = found
        return aggregate_fault(measure, stats[scored]) if scored.any() else None

    return attempt


def _guardrail(detector: Detector) -> _Try:
    def attempt(rows: Sequence[EvaluatedRow]) -> str | None:
        try:
            detect_all(
                detector.guardrail, [row.response or "" for row in rows], detector.kinds, detector.component.name
            )
        except DetectorError as fault:
            where = "" if fault.text is None else f", for {rows[fault.text].example.source}"
            return f"the guardrail {fault}{where}"
        except GovError as error:
            return str(error)
        return None

    return attempt
