"""Comparisons made from plain scores."""

from __future__ import annotations

from typing import Any

import numpy as np

from qlora_gov.plugin.specs import Comparison, MetricTraits


def mean(sums: Any) -> Any:
    """Sum over count, NaN over no rows."""
    return np.divide(sums[..., 0], sums[..., 1], out=np.full(sums.shape[:-1], np.nan), where=sums[..., 1] > 0)


def perplexity(sums: Any) -> Any:
    return np.exp(mean(sums))


def compare(
    candidate: Any,
    baseline: Any,
    clusters: Any = None,
    *,
    name: str = "score",
    higher: bool = True,
    binary: bool = False,
    margin: Any = "absolute",
    aggregate: Any = mean,
    labels: Any = None,
    **context: Any,
) -> Comparison:
    candidate, baseline = (np.asarray(scores, dtype=np.float64) for scores in (candidate, baseline))
    ones = np.ones(candidate.size)
    numbers = np.arange(candidate.size) if clusters is None else np.asarray(clusters, dtype=np.int64)
    traits = MetricTraits(name, higher, margin, binary, aggregate)
    stats = (np.column_stack([scores, ones]) for scores in (candidate, baseline))
    return Comparison(traits, *stats, numbers, labels or {}, **context)
