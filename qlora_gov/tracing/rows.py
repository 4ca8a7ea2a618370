"""A metric's rows and slices, candidate and baseline side by side."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from qlora_gov.evidence.redacted import shown_rows
from qlora_gov.ledger import Entry, Ledger, scores
from qlora_gov.plugin.measures import Measure
from qlora_gov.plugin.specs import Bools, Floats
from qlora_gov.records import Absent, Evaluation, Measurement
from qlora_gov.records.example import Example
from qlora_gov.records.table import labels_of
from qlora_gov.reports.decision.regressed import regressed_rows
from qlora_gov.tracing.context import TracedAnswer, TracedRow, TracedSlice

UNDEFINED = Absent(absent="the metric has no value over these rows")
UNSCORED = Absent(absent="the row was not scored")


@dataclass(frozen=True)
class TracedSide:
    """One side's statistics ``[n, k]`` of a metric, and which rows were scored ``[n]``."""

    evaluation: Evaluation
    stats: Floats
    scored: Bools


@dataclass(frozen=True)
class Pair:
    """Both sides on the same rows, and how their statistics become values; Absent where no plugin can tell."""

    candidate: TracedSide
    baseline: TracedSide
    examples: Sequence[Example]
    components: tuple[str, ...]
    measure: Measure | Absent

    def values(self, stats: Floats) -> list[float | Absent]:
        """The metric over sums of statistics ``[m, k]``."""
        if isinstance(self.measure, Absent):
            return [self.measure] * len(stats)
        with np.errstate(all="ignore"):  # single rows may well have no value
            found = np.asarray(self.measure.traits.aggregate(stats), dtype=np.float64)
        return [value if np.isfinite(value) else UNDEFINED for value in found.tolist()]

    @property
    def scored(self) -> NDArray[np.int64]:
        """The numbers of the rows that both sides have a score for."""
        return np.flatnonzero(self.candidate.scored & self.baseline.scored)

    def loss(self, candidate: float | Absent, baseline: float | Absent) -> float:
        """How much the candidate lost, relative to the baseline where the metric's margin is; else nothing."""
        if isinstance(self.measure, Absent) or isinstance(candidate, Absent) or isinstance(baseline, Absent):
            return 0.0
        loss = baseline - candidate if self.measure.traits.higher_is_better else candidate - baseline
        if self.measure.traits.margin == "absolute":
            return loss
        return loss / abs(baseline) if baseline else math.copysign(math.inf, loss) if loss else 0.0


def side_of(ledger: Ledger, entry: Entry, evaluation: Evaluation, measurement: Measurement, rows: int) -> TracedSide:
    """Read the statistics of one side; no row counts as scored where the side has no such measurement."""
    k = len(measurement.components)
    for index, one in enumerate(evaluation.measurements):
        if one.name == measurement.name and one.components == measurement.components and one.digest is not None:
            return TracedSide(evaluation, *scores(ledger.table(entry, "scores"), index, rows, k))
    return TracedSide(evaluation, np.zeros((rows, k)), np.zeros(rows, dtype=np.bool_))


def traced_slices(pair: Pair) -> tuple[TracedSlice, ...]:
    """The metric over every value of every label, where rows share one; the slices that lost most first."""
    slices = [one for label, values in labels_of(pair.examples).items() for one in _slices(pair, label, values)]
    return tuple(sorted(slices, key=lambda one: -pair.loss(one.candidate, one.baseline)))


def _slices(pair: Pair, label: str, values: Sequence[str | None]) -> Iterator[TracedSlice]:
    scored = [row for row in pair.scored.tolist() if values[row] is not None]
    names, of = np.unique([str(values[row]) for row in scored], return_inverse=True)
    sizes = np.bincount(of, minlength=len(names))
    if not scored or sizes.max() < 2:  # a label that names each row is none to slice by
        return
    sides = []
    for side in (pair.candidate, pair.baseline):
        sums = np.zeros((len(names), len(pair.components)))
        np.add.at(sums, of, side.stats[scored])
        sides.append(pair.values(sums))
    for name, size, candidate, baseline in zip(names.tolist(), sizes.tolist(), *sides, strict=True):
        yield TracedSlice(label=label, value=name, rows=size, candidate=candidate, baseline=baseline)


def traced_rows(ledger: Ledger, pair: Pair, most: int) -> tuple[TracedRow, ...]:
    """The rows that lost most, then the others by number, with their texts as people may see them."""
    order = list(dict.fromkeys([*_worst(pair, most), *range(len(pair.examples))]))[:most]
    ours, theirs = (shown_rows(ledger, side.evaluation, order) for side in (pair.candidate, pair.baseline))
    return tuple(
        TracedRow(
            row=row,
            example=mine.example,
            source=mine.source,
            prompt=mine.prompt,
            reference=mine.reference,
            candidate=_answer(pair, pair.candidate, row, mine.response),
            baseline=_answer(pair, pair.baseline, row, other.response),
        )
        for row, mine, other in zip(order, ours, theirs, strict=True)
    )


def _worst(pair: Pair, most: int) -> list[int]:
    if isinstance(pair.measure, Absent):
        return []
    scored = pair.scored
    texts = [""] * len(scored)
    found = regressed_rows(
        pair.candidate.stats[scored],
        pair.baseline.stats[scored],
        pair.measure.traits.aggregate,
        higher_is_better=pair.measure.traits.higher_is_better,
        examples=texts,
        sources=texts,
        most=most,
    )
    return [int(scored[one.row]) for one in found]


def _answer(pair: Pair, side: TracedSide, row: int, text: str) -> TracedAnswer:
    if not side.scored[row]:
        return TracedAnswer(answer=text, score=UNSCORED, statistics=None)
    statistics = dict(zip(pair.components, side.stats[row].tolist(), strict=True))
    return TracedAnswer(answer=text, score=pair.values(side.stats[row : row + 1])[0], statistics=statistics)
