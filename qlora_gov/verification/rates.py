"""Detectors' corrected rates, worked out again from the rows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from qlora_gov.errors import GovError
from qlora_gov.evidence.datasets import evaluation_rows
from qlora_gov.evidence.evaluations import dataset_of
from qlora_gov.ledger import Entry, Ledger, Problem, ProblemKind, scores
from qlora_gov.ledger.entry import place
from qlora_gov.records import CorrectedRate, DetectorErrors, Evaluation
from qlora_gov.stages.evaluate import correct_rate
from qlora_gov.verification.numbers import differences


def rate_problems(ledger: Ledger, entries: Sequence[Entry]) -> Iterator[Problem]:
    """Which corrected rates do not come out again. The core works them out: no plugin's source has a part in it."""
    for entry in entries:
        record = entry.record
        if isinstance(record, Evaluation) and any(isinstance(scan.errors, DetectorErrors) for scan in record.scans):
            try:
                yield from _problems(ledger, entry, record)
            except (GovError, ValueError, LookupError) as error:
                yield Problem.underived(
                    ProblemKind.TAMPERED, place(entry), "its corrected rates cannot be worked out", error
                )


def _problems(ledger: Ledger, entry: Entry, evaluation: Evaluation) -> Iterator[Problem]:
    table = ledger.table(entry, "scores")
    groups = [example.group for example in evaluation_rows(ledger, dataset_of(ledger, entry.id))]
    measured = [one.metric for one in evaluation.measurements]
    for scan in evaluation.scans:
        if isinstance(scan.errors, DetectorErrors):
            at = measured.index(scan.detector.rate)
            rate = evaluation.measurements[at]
            stats, _ = scores(table, at, rate.rows, len(rate.components))
            level = scan.corrected.interval.level if isinstance(scan.corrected, CorrectedRate) else 0.95
            flagged = int(stats[:, 0].sum())
            derived = correct_rate(flagged, groups, scan.errors, level=level, methods=scan.methods)
            what = differences(scan.corrected.model_dump(mode="json"), derived.model_dump(mode="json"))
            if what:
                yield Problem(ProblemKind.TAMPERED, f"{place(entry)}, {scan.name} corrected", "; ".join(what))
