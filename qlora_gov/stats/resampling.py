"""The bootstrap as one matrix product: how often each resample draws each cluster, times the clusters' sums."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from qlora_gov.stats.clusters import Floats

RESAMPLES = 10_000
SEED = 20_240_229
ORDERS = 10
"""Every draw is used for this many orders of the clusters, each of which makes it another resample."""
BLOCK, DRAWS = 1_000_000, 200_000
"""Weights multiplied and drawn at once: products pay from large blocks, counting from what the cache holds."""


def resample(columns: Floats) -> Floats:
    """Sums of ``columns [clusters, m]`` over each resample of the clusters, ``[RESAMPLES, m]``.

    Any number of metrics can lie side by side in the columns, champion and candidate alike: all see the same
    draws. The draws depend on the number of clusters alone, so the same data always give the same interval.
    """
    clusters = columns.shape[0]
    # A statistic that is the same in every cluster, such as a count of one row, needs no product.
    varying = (columns != columns[0]).any(axis=0)
    varied, generator = columns[:, varying], np.random.default_rng(SEED)
    ordered = np.hstack([varied[generator.permutation(clusters)] for _ in range(ORDERS)])
    sums = np.tile(columns[0] * clusters, (RESAMPLES, 1))
    product = np.concatenate([weights.astype(np.float64) @ ordered for weights in _weights(clusters)])
    sums[:, varying] = product.reshape(RESAMPLES, -1)
    return sums


@lru_cache(maxsize=1)
def _weights(clusters: int) -> tuple[NDArray[np.uint8], ...]:
    """How often each cluster is drawn, in blocks ``[draws, clusters]``.

    Kept, as the rules of a policy mostly see one number of clusters. Counting drawn indices is several times faster
    than numpy's multinomial. A count of 256, which a byte does not hold, is out of reach.
    """
    generator = np.random.default_rng(SEED + 1)
    counts = np.empty((RESAMPLES // ORDERS, clusters), dtype=np.uint8)
    for part in _parts(counts, DRAWS):
        drawn = generator.integers(clusters, size=part.shape, dtype=np.int32)
        places = drawn + clusters * np.arange(len(part))[:, None]
        part[:] = np.bincount(places.ravel(), minlength=part.size).reshape(part.shape)
    return tuple(_parts(counts, BLOCK))


def _parts(counts: NDArray[np.uint8], cells: int) -> Iterator[NDArray[np.uint8]]:
    """Blocks of whole rows, of about so many cells."""
    rows = max(1, cells // counts.shape[1])
    return (counts[start : start + rows] for start in range(0, len(counts), rows))
