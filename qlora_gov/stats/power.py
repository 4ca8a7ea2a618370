"""What a sample can show: the least effect that it detects, and the rows that a question takes."""

from __future__ import annotations

import math

from scipy.special import bdtr, ndtri

from qlora_gov.stats.rates import clopper_pearson
from qlora_gov.stats.results import Estimate

POWER = 0.8
"""The chance of a verdict that a sample is planned for."""
MOST_HITS = 2_000
"""Where a search ends that would plan for rates all but equal to their limit."""
MOST_ROWS = 10**9
"""No evaluation has as many; what takes more is not decided by adding rows."""


def detectable(found: Estimate, alpha: float, power: float = POWER) -> float:
    """The least distance of the truth from a rule's limit at which a verdict has the chance ``power``.

    Infinite where a caution lets no verdict rest on these rows.
    """
    reach = float(-ndtri(alpha))
    if found.caution is not None:
        reach = max(reach, found.caution.reach(alpha))
    return (reach + float(ndtri(power))) * found.standard_error


def rows_needed(found: Estimate, distance: float, alpha: float, power: float = POWER) -> int | None:
    """Rows, clustered as these are, at which a true ``distance`` from the limit is shown.

    They are as many as it takes for a caution to end, too. None for no distance, and for one so small that it takes
    more than ``MOST_ROWS``.
    """
    if distance == 0:
        return None
    ratio = float(-ndtri(alpha) + ndtri(power)) * found.standard_error / abs(distance)
    times = max(ratio * ratio, found.caution.times if found.caution else 0.0)
    rows = found.rows * times
    return math.ceil(rows) if rows <= MOST_ROWS else None


def round_up(rows: int) -> int:
    """Rows that were worked out from an estimate, with two digits: it supports no more, and fewer would fall short."""
    unit: int = 10 ** max(len(str(rows)) - 2, 0)
    return -(-rows // unit) * unit


def rows_for_rate(limit: float, rate: float, alpha: float, power: float = POWER) -> int | None:
    """Independent rows at which a true ``rate`` is shown to lie below ``limit`` by its exact bound.

    None where the rate is not below the limit, or hardly, or where it takes more than ``MOST_ROWS``. The chance saws
    up and down as rows are added; it first reaches ``power`` here.
    """
    if not rate < limit:
        return None
    for hits in range(MOST_HITS):
        rows = _rows_for_hits(hits, limit, alpha)
        if rows > MOST_ROWS:
            return None
        if bdtr(hits, rows, rate) >= power:
            return rows
    return None


def _rows_for_hits(hits: int, limit: float, alpha: float) -> int:
    """The fewest rows among which ``hits`` still have their upper bound below ``limit``, or beyond ``MOST_ROWS``."""
    low, high = hits, max(2 * hits, 2)
    while high <= MOST_ROWS and clopper_pearson(hits, high, 1 - 2 * alpha)[1] >= limit:
        low, high = high, 2 * high
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if clopper_pearson(hits, middle, 1 - 2 * alpha)[1] < limit else (middle, high)
    return high
