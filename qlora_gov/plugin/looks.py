"""How often rows have been judged before, which decides how small the alpha of a further look is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Look:
    """An earlier decision: which of the rows at hand it judged ``[n]``, and the metrics that it did not test.

    Of an evaluation that was looked at instead, ``only`` are the metrics that no decision on it tested; None for all.
    """

    rows: NDArray[np.bool_]
    untested: frozenset[str] = frozenset()
    only: frozenset[str] | None = None


@dataclass(frozen=True)
class RowLooks:
    """How many earlier decisions judged each row ``[n]``, and each row's weight ``[n]``.

    Rows of one prompt weigh as much as one row, so that copies of fresh rows do not make the others look fresher.
    """

    counts: NDArray[np.float64]
    weights: NDArray[np.float64]

    @classmethod
    def alike(cls, looks: int, rows: int) -> RowLooks:
        """Rows of which each was judged as often as the others."""
        return cls(np.full(rows, float(looks)), np.ones(rows))

    def part(self, rows: NDArray[np.intp] | list[int]) -> RowLooks:
        """Some of the rows."""
        return RowLooks(self.counts[rows], self.weights[rows])

    @property
    def number(self) -> float:
        """How often a row was judged on average: as many looks as decisions on all of these rows would be."""
        if not self.counts.size:
            return 0.0
        return float(max(self.counts.mean(), np.average(self.counts, weights=self.weights)))

    @property
    def scale(self) -> float:
        """What alpha is multiplied by where each look halves it."""
        return float(0.5**self.number)


@dataclass(frozen=True)
class Earlier:
    """The earlier decisions on any of the rows at hand, and the rows' weights ``[n]``; see :class:`RowLooks`."""

    looks: Sequence[Look]
    weights: NDArray[np.float64]

    def at(self, metric: str) -> RowLooks:
        """The looks of those that tested what a metric measures."""
        counts = np.zeros(self.weights.size)
        for look in self.looks:
            if metric not in look.untested and (look.only is None or metric in look.only):
                counts += look.rows
        return RowLooks(counts, self.weights)
