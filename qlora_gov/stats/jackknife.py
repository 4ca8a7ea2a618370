"""The delete-one-cluster jackknife: influence values and a standard error, for any aggregate (Efron and Stein 1981)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from qlora_gov.stats.clusters import Floats

Statistic = Callable[[Floats], Floats]
"""Sums of statistics ``[..., m]`` to values ``[...]``, NaN where undefined."""

ROUNDING = 1e-10
"""Relative size below which influence values are rounding errors of equal ones."""


@dataclass(frozen=True)
class Jackknife:
    """A statistic's value, and how far each cluster moves it: ``influence [clusters]``, centred."""

    value: float
    influence: Floats

    @cached_property
    def standard_error(self) -> float:
        """The jackknife standard error."""
        clusters = self.influence.size
        return float(np.sqrt(np.square(self.influence).sum() / (clusters * (clusters - 1))))

    @cached_property
    def skew(self) -> float:
        """Skewness over the square root of the clusters: what a t interval's error is proportional to."""
        squares = np.square(self.influence)
        return float((self.influence * squares).sum() / squares.sum() ** 1.5)

    @property
    def informative(self) -> int:
        """Clusters, with all that share the most common influence counted once.

        Where scores rarely differ, most clusters share one influence and the few others decide everything.
        """
        steps = np.round(self.influence / (ROUNDING * self.influence.size * np.abs(self.influence).max()))
        return self.influence.size - int(np.unique(steps, return_counts=True)[1].max()) + 1


def jackknifed(sums: Floats, statistic: Statistic) -> Jackknife:
    """Delete each cluster of ``sums [clusters, m]`` in turn. NaN where the statistic is."""
    total = sums.sum(axis=0)
    clusters = sums.shape[0]
    deleted = statistic(total - sums)
    influence = (clusters - 1) * (deleted.mean() - deleted)
    influence[np.abs(influence) <= ROUNDING * clusters * np.abs(deleted).max()] = 0.0
    return Jackknife(float(statistic(total)), influence)
