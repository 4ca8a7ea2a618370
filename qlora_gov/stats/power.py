"""What a sample can show: the least effect that it detects, and the rows that a question takes."""

from __future__ import annotations

import math

from scipy.special import bdtr, ndtri

from qlora_gov.stats.estimate import Estimate
from qlora_gov.stats.rates import clopper_pearson

POWER = 0.8
"""The chance of a verdict that a sample is planned for."""
MOST_HITS = 2_000
"""Where a search ends that would plan for rates all but equal to their limit."""


def detectable(found: Estimate, alpha: float, power: float = POWER) -> float:
    """The least distance of the truth from a rule's limit at which a verdict has the chance ``power``."""
    return float(-ndtri(alpha) + ndtri(power)) * found.standard_error


def rows_needed(found: Estimate, distance: float, alpha: float, power: float = POWER) -> int | None:
    """Rows, clustered as these are, at which a true ``distance`` from the limit is shown; None for no distance."""
    if distance == 0:
        return None
    return math.ceil(found.rows * (detectable(found, alpha, power) / distance) ** 2)


def rows_for_rate(limit: float, rate: float, alpha: float, power: float = POWER) -> int | None:
    """Independent rows at which a true ``rate`` is shown to lie below ``limit`` by its exact bound.

    None where the rate is not below the limit, or hardly. The chance saws up and down as rows are added; it first
    reaches ``power`` here.
    """
    if not rate < limit:
        return None
    for hits in range(MOST_HITS):
        rows = _rows_for_hits(hits, limit, alpha)
        if bdtr(hits, rows, rate) >= power:
            return rows
    return None


def _rows_for_hits(hits: int, limit: float, alpha: float) -> int:
    """The fewest rows among which ``hits`` still have their upper bound below ``limit``."""
    low, high = hits, max(2 * hits, 2)
    while clopper_pearson(hits, high, 1 - 2 * alpha)[1] >= limit:
        low, high = high, 2 * high
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if clopper_pearson(hits, middle, 1 - 2 * alpha)[1] < limit else (middle, high)
    return high
