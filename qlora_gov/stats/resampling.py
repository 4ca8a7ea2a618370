"""The bootstrap as one matrix product: how often each resample draws each cluster, times the clusters' sums."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache

import numpy as np

from qlora_gov.stats.clusters import Floats

RESAMPLES = 10_000
SEED = 20_240_229
BLOCK = 4_000_000
"""Weights held at once, 32 MB: the whole matrix would be 800 MB at 10,000 clusters."""
KEPT = 12_000_000
"""Weights kept for the next call, 96 MB: the rules of a policy mostly see the same number of clusters."""


def resample(columns: Floats) -> Floats:
    """Sums of ``columns [clusters, m]`` over each resample of the clusters, ``[RESAMPLES, m]``.

    Any number of metrics can lie side by side in the columns, champion and candidate alike: all see the same
    draws. The draws depend on the number of clusters alone, so the same data always give the same interval.
    """
    clusters = columns.shape[0]
    kept = clusters * RESAMPLES <= KEPT
    blocks = _kept_weights(clusters) if kept else _weights(clusters)
    return np.concatenate([weights @ columns for weights in blocks])


@lru_cache(maxsize=1)
def _kept_weights(clusters: int) -> tuple[Floats, ...]:
    return tuple(_weights(clusters))


def _weights(clusters: int) -> Iterator[Floats]:
    """Multinomial counts in blocks ``[resamples, clusters]``: drawing indices and counting them is the fastest way."""
    generator = np.random.default_rng(SEED)
    size = max(1, BLOCK // clusters)
    for start in range(0, RESAMPLES, size):
        count = min(size, RESAMPLES - start)
        drawn = generator.integers(clusters, size=(count, clusters), dtype=np.int32).astype(np.int64)
        drawn += clusters * np.arange(count)[:, None]
        counts = np.bincount(drawn.ravel(), minlength=count * clusters)
        yield counts.reshape(count, clusters).astype(np.float64)
