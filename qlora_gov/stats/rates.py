"""Exact bounds for one rate (Clopper and Pearson 1934), conservative where rows come in clusters."""

from __future__ import annotations

import numpy as np
from scipy.special import betaincinv

from qlora_gov.stats.clusters import Integers, independent
from qlora_gov.stats.estimate import Estimate


def exact_rate(hits: int, clusters: Integers) -> Estimate:
    """A rate of ``hits`` among the rows of ``clusters [n]``.

    Rows of one cluster are taken to repeat each other entirely, since few hits cannot tell how much they do: the
    sample counts as ``n^2 / sum(size^2)`` rows (Kish), as Korn and Graubard (1998) enter an effective size.
    """
    rows = clusters.size
    sizes = np.unique(clusters, return_counts=True)[1]
    effective = rows**2 / float(np.square(sizes).sum())
    rate = hits / rows
    method = "exact binomial" if independent(clusters) else "exact binomial on the effective number of clusters"
    # One hit and one miss more: none observed does not mean that none are possible.
    likely = (rate * effective + 1) / (effective + 2)
    error = float(np.sqrt(likely * (1 - likely) / effective))
    return Estimate(
        rate, error, method, rows, sizes.size, lambda level: clopper_pearson(rate * effective, effective, level)
    )


def clopper_pearson(hits: float, rows: float, level: float) -> tuple[float, float]:
    """The exact interval for ``hits`` of ``rows``; both may be fractions."""
    tail = (1 - level) / 2
    low = float(betaincinv(hits, rows - hits + 1, tail)) if hits > 0 else 0.0
    high = float(betaincinv(hits + 1, rows - hits, 1 - tail)) if hits < rows else 1.0
    return low, high
