"""Rows to clusters: the units that are independent, and so the units that are counted, deleted and resampled."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
Bools = NDArray[np.bool_]


def cluster_sums(stats: Floats, clusters: Integers) -> Floats:
    """Sum statistics ``[n, k]`` within clusters ``[n]`` to ``[clusters, k]``.

    Both sums and their order depend on the rows alone, not on the order or numbering that they came in: rows are
    sorted before they are added (floating-point sums depend on order) and clusters after (a fixed seed would
    otherwise resample another draw for the same data).
    """
    order = np.lexsort(stats.T)
    if independent(clusters):
        return stats[order]
    _, labels = np.unique(clusters[order], return_inverse=True)
    sums: Floats = np.column_stack([np.bincount(labels, weights=column) for column in stats[order].T])
    return sums[np.lexsort(sums.T)]


def effective_rows(clusters: Integers) -> float:
    """How many independent rows the rows of ``clusters [n]`` are worth where those of one cluster repeat each other.

    ``n^2 / sum(size^2)`` (Kish 1965): the number of clusters where all are of one size, fewer where some are large.
    """
    sizes = np.unique(clusters, return_counts=True)[1]
    return clusters.size**2 / float(np.square(sizes).sum())


def independent(clusters: Integers) -> bool:
    """Whether every cluster has one row."""
    return np.unique(clusters).size == clusters.size
