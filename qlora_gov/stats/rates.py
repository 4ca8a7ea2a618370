"""Exact bounds for one rate (Clopper and Pearson 1934), conservative where rows come in clusters."""

from __future__ import annotations

import numpy as np
from scipy.special import betaincinv

from qlora_gov.stats.clusters import Integers, effective_rows, independent
from qlora_gov.stats.results import Estimate


def exact_rate(hits: int, clusters: Integers) -> Estimate:
    """A rate of ``hits`` among the rows of ``clusters [n]``.

    Rows of one cluster are taken to repeat each other entirely, since few hits cannot tell how much they do: the
    sample counts as its effective number of rows, entered as Korn and Graubard (1998) do.
    """
    rows = clusters.size
    effective = effective_rows(clusters)
    rate = hits / rows
    method = on_effective_rows("exact binomial", clusters)
    # One hit and one miss more: none observed does not mean that none are possible.
    likely = (rate * effective + 1) / (effective + 2)
    error = float(np.sqrt(likely * (1 - likely) / effective))
    count = np.unique(clusters).size
    return Estimate(rate, error, method, rows, count, lambda level: clopper_pearson(rate * effective, effective, level))


def on_effective_rows(method: str, clusters: Integers) -> str:
    """The name of a method for independent rows, where it is used on rows of ``clusters [n]``."""
    return method if independent(clusters) else f"{method} on the effective number of clusters"


def clopper_pearson(hits: float, rows: float, level: float) -> tuple[float, float]:
    """The exact interval for ``hits`` of ``rows``; both may be fractions."""
    tail = (1 - level) / 2
    low = float(betaincinv(hits, rows - hits + 1, tail)) if hits > 0 else 0.0
    high = float(betaincinv(hits + 1, rows - hits, 1 - tail)) if hits < rows else 1.0
    return low, high
