"""Rows that say one of two things, right or wrong, known by their values and not by what a metric declares."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from qlora_gov.plugin.specs import Comparison
from qlora_gov.stats.clusters import Bools, Floats
from qlora_gov.stats.results import Estimate


@dataclass(frozen=True)
class TwoValued:
    """Which rows of each side have the higher value, ``[n]``, and the metric where no row has it and where all do."""

    candidate: Bools
    baseline: Bools
    low: float
    high: float

    @property
    def counts(self) -> tuple[int, int, int]:
        """Rows where both sides have it, the candidate alone, the baseline alone."""
        both = self.candidate & self.baseline
        return int(both.sum()), int((self.candidate & ~both).sum()), int((self.baseline & ~both).sum())

    def scaled(self, found: Estimate, *, shift: bool = False) -> Estimate:
        """An estimate of a share, or of a difference of shares, in the units of the metric."""
        scale, least = self.high - self.low, self.low if shift else 0.0
        if (scale, least) == (1.0, 0.0):
            return found

        def interval(level: float) -> tuple[float, float]:
            low, high = found.interval(level)
            return least + scale * low, least + scale * high

        value, error = least + scale * found.value, scale * found.standard_error
        return replace(found, value=value, standard_error=error, interval=interval)


def as_two_values(comparison: Comparison) -> TwoValued | None:
    """Read rows as right or wrong where their statistics take two values and the metric is the mean of these.

    Where a metric does not declare it, one side at least must take both: what two sides say throughout tells no spread.
    """
    if comparison.metric.binary:
        return TwoValued(comparison.candidate[:, 0] > 0, comparison.baseline[:, 0] > 0, 0.0, 1.0)
    both = np.concatenate([comparison.candidate, comparison.baseline])
    zero = both[0]
    differs = (both != zero).any(axis=1)
    if not differs.any() or (both[differs] != (one := both[differs.argmax()])).any():
        return None
    ends = _mean_of_two(comparison, zero, one)
    if ends is None:
        return None
    candidate, baseline = np.split(differs if ends[0] < ends[1] else ~differs, 2)
    if all(side.all() or not side.any() for side in (candidate, baseline)):
        return None
    return TwoValued(candidate, baseline, *sorted(ends))


def _mean_of_two(comparison: Comparison, zero: Floats, one: Floats) -> tuple[float, float] | None:
    """The metric over rows that all are ``zero [k]``, and that all are ``one``, if it is the mean in between."""
    rows = comparison.clusters.size
    ones = np.array([0, 1, rows // 2, rows], dtype=np.float64)
    values = comparison.metric.aggregate((rows - ones)[:, None] * zero + ones[:, None] * one)
    mean = values[0] + (values[-1] - values[0]) * ones / rows
    if not (np.isfinite(values).all() and np.allclose(values, mean, rtol=1e-9, atol=0) and values[0] != values[-1]):
        return None
    return float(values[0]), float(values[-1])
