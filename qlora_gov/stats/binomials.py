"""Binomial chances over arrays, from special functions: what exact tests sum."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from scipy.special import betainc, gammaln, xlog1py, xlogy

from qlora_gov.stats.clusters import Bools, Floats, Integers

REACH = 5.0
"""Standard deviations, and as many counts, on either side of a binomial count beyond which its chances are left out:
less than 1e-9 together."""


def binomial(counts: Any, rows: Any, chance: Any) -> Floats:
    """The chance of each of the ``counts`` among ``rows``, element by element; 0 for a count that cannot be."""
    possible = np.clip(counts, 0, rows)
    orders = gammaln(rows + 1.0) - gammaln(possible + 1.0) - gammaln(rows - possible + 1.0)
    logs = orders + xlogy(possible, chance) + xlog1py(rows - possible, -np.asarray(chance))
    return np.where(possible == counts, np.exp(logs), 0.0)


def upper_tail(counts: Any, rows: Any, chance: Any) -> Floats:
    """The chance of as many as each of the ``counts`` among ``rows``, or more, element by element."""
    within = np.clip(counts, 1, np.maximum(rows, 1))
    tail = betainc(within, rows - within + 1.0, chance)
    return np.where(counts <= 0, 1.0, np.where(counts > rows, 0.0, tail))


def likely_counts(rows: int, low: float, high: float) -> Integers:
    """The counts among ``rows`` for a chance from ``low`` to ``high``, but for the least likely ones, ``[k]``."""
    first = rows * low - REACH * math.sqrt(rows * low) - REACH
    last = rows * high + REACH * math.sqrt(rows * high) + 2 * REACH
    return np.arange(max(0, math.floor(first)), min(rows, math.ceil(last)) + 1)


def fewest(extreme: Callable[[Floats], Bools], most: Any) -> Floats:
    """The least count up to ``most [...]`` that is ``extreme``, element by element; one more where none is.

    Counts above one that is extreme must be so, too.
    """
    low, high = np.zeros(np.shape(most)), np.asarray(most) + 1.0
    while (open_ := low < high).any():
        middle = np.floor((low + high) / 2)
        found = extreme(middle)
        high, low = np.where(open_ & found, middle, high), np.where(open_ & ~found, middle + 1, low)
    return low
