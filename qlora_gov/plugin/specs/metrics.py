"""Metrics: sufficient statistics for each row, and an aggregate."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import ClassVar, Protocol, runtime_checkable

import numpy as np

from qlora_gov.plugin.specs.base import Bools, Floats, Margin, Need, Spec
from qlora_gov.records.answer import LogLikelihood
from qlora_gov.records.example import Example


@dataclass(frozen=True)
class EvaluatedRow:
    """One evaluation example with what the core supplied for it. What a metric did not ask for is None.

    ``recorded`` are the scores that another tool gave the row, by name, where it was imported; ``notes`` say what its
    importer left out of the log, and one on a score starts with the score's name and a colon.
    """

    example: Example
    response: str | None = None
    loglikelihood: LogLikelihood | None = None
    recorded: Mapping[str, float] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Unread:
    """Text that a metric does not read: ``what`` it is, such as its script, and as ``remedy`` what would read it."""

    what: str
    remedy: str


class Metric(Protocol):
    """A metric is sufficient statistics plus an aggregate.

    The value over any set of rows is ``aggregate(stats[rows].sum(axis=0))``, so that resampling, slicing and
    pairing need nothing from the metric but these two functions.
    """

    def score(self, rows: Sequence[EvaluatedRow]) -> tuple[Floats, Bools]:
        """Return statistics ``[n_rows, k]`` and, for each row, whether it could be scored, ``[n_rows]``.

        k is the number of ``components`` in the spec. A row that could not be scored is counted and closes the
        gate; its statistics are not read. Rows are copies for this metric alone, and may not be changed: a metric that
        changed one measured nothing. What it raises becomes an absent value that names the row, where one is at fault.
        """
        ...

    def aggregate(self, sums: Floats) -> Floats:
        """Map sums of statistics ``[..., k]`` to values ``[...]``, vectorised; NaN where undefined.

        Gates call it with the sums of thousands of resamples at once, so it works over the last axis and on nothing
        else. Perplexity over (negative log-likelihood, tokens), for one, is
        ``np.exp(sums[..., 0] / sums[..., 1])``; :func:`ratio` is a mean. One that takes a single row of sums only is
        found when the metric scores, and measures nothing.
        """
        ...


@runtime_checkable
class SelectiveMetric(Protocol):
    """A metric that reads only some text, and says of which rows it does not.

    Any metric may have this method beside those of :class:`Metric`; one without it is taken at its word on all rows.
    """

    def unread(self, example: Example) -> Unread | None:
        """What keeps the metric from reading a row's reference, or None where it can be measured.

        It is asked before there are answers, and says the same whatever they are. Rows that are not read are counted
        and, from project schema 2 on, not measured, so that they close the gate.
        """
        ...


@dataclass(frozen=True, kw_only=True)
class MetricSpec(Spec):
    """A metric over responses or log-likelihoods.

    ``margin`` says what a margin such as 5% is of: absolute points (rates) or relative to the champion.
    ``binary`` says that each row scores (0 or 1, 1), so that the gate uses methods for proportions. ``range`` are the
    least and the greatest value that the metric can have, ``math.inf`` among them; none where that is not known. A
    binary metric's is 0 to 1. A metric that makes a value outside of it has measured nothing.
    """

    kind = "metric"
    methods = ("score", "aggregate")
    components: tuple[str, ...]
    higher_is_better: bool
    margin: Margin
    needs: frozenset[Need] = frozenset({"response"})
    binary: bool = False
    range: tuple[float, float] | None = None


def ratio(sums: Floats) -> Floats:
    """The first statistic over the second, ``[..., 2]`` to ``[...]``; NaN where the second is not positive."""
    total, count = sums[..., 0], sums[..., 1]
    return np.divide(total, count, out=np.full_like(total, np.nan), where=count > 0)


class MeanMetric(ABC):
    """Base for a metric that is the mean of a number for each row: write ``score_row``, nothing else.

    Its spec has ``components=MeanMetric.components``.
    """

    components: ClassVar[tuple[str, ...]] = ("sum", "rows")

    @abstractmethod
    def score_row(self, row: EvaluatedRow) -> float | None:
        """The row's score, or None where it cannot be scored."""

    def score(self, rows: Sequence[EvaluatedRow]) -> tuple[Floats, Bools]:
        """Statistics (score, 1) ``[n, 2]`` and which rows were scored ``[n]``."""
        scores = [self.score_row(row) for row in rows]
        scored = np.array([score is not None for score in scores], dtype=np.bool_)
        values = np.array([0.0 if score is None else score for score in scores], dtype=np.float64)
        return np.column_stack([values, np.ones(len(rows))]).reshape(len(rows), 2), scored

    def aggregate(self, sums: Floats) -> Floats:
        """Sum over count, ``[..., 2]`` to ``[...]``; NaN over no rows."""
        return ratio(sums)
