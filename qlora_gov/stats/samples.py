"""A statistic of clusters, as the bootstrap meets it, and how much each cluster weighs in it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from qlora_gov.stats.clusters import Floats
from qlora_gov.stats.jackknife import Statistic


@dataclass(frozen=True)
class Sample:
    """A statistic of cluster sums ``[clusters, 2 k]``, those of the candidate before those of the baseline.

    ``sizes [clusters]`` are the rows of each cluster, ``rows`` all of them.
    """

    sums: Floats
    statistic: Statistic
    rows: int
    sizes: Floats

    @cached_property
    def weights(self) -> Floats:
        """What each cluster weighs, ``[clusters]``: the most unequal of its rows and of what else is counted there.

        Counted is what both sides share in every cluster and is nowhere zero: tokens of the references, or their words.
        """
        candidate, baseline = np.hsplit(self.sums, 2)
        counted = candidate[:, ((candidate == baseline) & (candidate > 0)).all(axis=0)]
        return min((self.sizes, *counted.T), key=effective_clusters)


def effective_clusters(weights: Floats) -> float:
    """How many clusters of equal weight ``weights [clusters]`` are worth: ``sum(w)^2 / sum(w^2)`` (Kish 1965)."""
    return float(weights.sum() ** 2 / np.square(weights).sum())
