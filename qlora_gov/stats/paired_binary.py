"""The paired score interval for two proportions on the same independent rows (Tango 1998, Stat. Med. 17:891).

Up to ``EXACT`` rows the score statistic's distribution is enumerated instead of taken as normal, at the worst share
of discordant rows (the unconditional exact interval of Chan and Zhang 1999, for pairs).
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
from scipy.special import gammaln, ndtri, xlogy

from qlora_gov.stats.clusters import Floats
from qlora_gov.stats.results import Estimate

EXACT = 50
EDGE = 1e-9
NUISANCE = np.linspace(0, 1, 48) ** 2
"""Where between its least and greatest possible value the share of discordant rows is tried."""


def paired_score(gained: int, lost: int, rows: int) -> Estimate:
    """The difference of proportions from discordant rows.

    Args:
        gained: rows where only the candidate scores.
        lost: rows where only the champion scores.
        rows: all rows.
    """
    method = "exact paired score" if rows <= EXACT else "paired score"

    def interval(level: float) -> tuple[float, float]:
        tail = (1 - level) / 2
        return lower_bound(gained, lost, rows, tail), -lower_bound(lost, gained, rows, tail)

    value = (gained - lost) / rows
    # One row more is taken to be discordant: none observed does not mean that none are possible.
    discordant = (gained + lost + 1) / (rows + 1)
    error = float(np.sqrt((discordant - value**2) / rows))
    return Estimate(value, error, method, rows, rows, interval)


def lower_bound(gained: int, lost: int, rows: int, tail: float) -> float:
    """The least difference that is not rejected at the one-sided level ``tail``."""
    bound = _exact_bound if rows <= EXACT else _score_bound
    return bound(gained, lost, rows, tail)


def score(gained: Any, lost: Any, rows: int, difference: Any) -> Any:
    """The score statistic of the hypothesis that the proportions differ by ``difference``; it falls as that rises.

    The variance is that of the maximum-likelihood estimate under the hypothesis, which stays above zero when no row
    is discordant. All but ``rows`` may be arrays.
    """
    a = 2 * rows
    b = (2 * rows - gained + lost) * difference - gained - lost
    c = -lost * difference * (1 - difference)
    restricted = (np.sqrt(np.maximum(b * b - 4 * a * c, 0.0)) - b) / (2 * a)
    variance = rows * np.maximum(2 * restricted + difference * (1 - difference), EDGE)
    return (gained - lost - rows * difference) / np.sqrt(variance)


def _score_bound(gained: int, lost: int, rows: int, tail: float) -> float:
    """The least difference that the score test does not reject at ``tail``."""
    z = float(-ndtri(tail))
    return _least(lambda difference: score(gained, lost, rows, difference) - z, gained, lost, rows)


@lru_cache(maxsize=4096)
def _exact_bound(gained: int, lost: int, rows: int, tail: float) -> float:
    return _least(lambda difference: tail - exact_p(gained, lost, rows, difference), gained, lost, rows)


def _least(rejection: Any, gained: int, lost: int, rows: int) -> float:
    """Where ``rejection`` turns from positive to negative below the observed difference; -1 where it never does."""
    from scipy.optimize import brentq  # as slow to import as the rest of this package together

    low, high = -1 + EDGE, (gained - lost) / rows
    if high <= low or rejection(low) <= 0:
        return -1.0
    return float(brentq(rejection, low, high, xtol=1e-7))


def exact_p(gained: int, lost: int, rows: int, difference: float) -> float:
    """The chance of a score at least as great as the observed one, at the worst share of discordant rows."""
    gains, losses, orders = _outcomes(rows)
    scores = score(gains, losses, rows, difference)
    extreme = scores >= score(gained, lost, rows, difference) - EDGE
    shares = abs(difference) + (1 - abs(difference)) * NUISANCE[:, None]
    gain, loss = (shares + difference) / 2, (shares - difference) / 2
    gains, losses = gains[extreme], losses[extreme]
    logs = orders[extreme] + xlogy(gains, gain) + xlogy(losses, np.maximum(loss, 0))
    logs = logs + xlogy(rows - gains - losses, np.maximum(1 - shares, 0))
    return float(np.exp(logs).sum(axis=1).max())


@lru_cache(maxsize=8)
def _outcomes(rows: int) -> tuple[Floats, Floats, Floats]:
    """Every pair of counts that ``rows`` rows can give, and the logarithm of how many orders give it."""
    gains, losses = (counts.ravel().astype(np.float64) for counts in np.indices((rows + 1, rows + 1)))
    possible = gains + losses <= rows
    gains, losses = gains[possible], losses[possible]
    orders = gammaln(rows + 1) - gammaln(gains + 1) - gammaln(losses + 1) - gammaln(rows - gains - losses + 1)
    return gains, losses, orders
