"""The paired score test of two proportions (Tango 1998, Stat. Med. 17:891), with its distribution summed, not assumed.

The normal approximation passes too often where few rows are discordant: with none lost, a margin just above
``z^2 / (n + z^2)`` is cleared with a chance of .07 at .05, however many rows there are. Here the chance of a score as
great as the observed one is summed over all outcomes, at the worst share of discordant rows among those that the
observed number of them leaves likely (Berger and Boos 1994, JASA 89:1012; Chan and Zhang 1999, Biometrics 55:1202).
"""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np
from scipy.special import ndtr, ndtri

from qlora_gov.stats.binomials import binomial, fewest, likely_counts, upper_tail
from qlora_gov.stats.clusters import Bools, Floats
from qlora_gov.stats.inversion import rejected_up_to
from qlora_gov.stats.paired_binary import EDGE, lower_bound, paired_score, score
from qlora_gov.stats.rates import clopper_pearson
from qlora_gov.stats.results import Estimate

UNLIKELY = 1e-4
"""The chance that the share of discordant rows is not among those tried; it counts as a rejection."""
SHARES = 8
MOST_DISCORDANT = 100
"""Beyond as many discordant rows the score's distribution is taken as normal."""
MARGIN = 0.7
"""Standard errors beyond the bound of the paired score from which on differences are tried."""


def exact_paired_score(gained: int, lost: int, rows: int) -> Estimate:
    """The difference of proportions from discordant rows.

    Args:
        gained: rows where only the candidate scores.
        lost: rows where only the champion scores.
        rows: all rows.
    """
    normal = paired_score(gained, lost, rows)
    if gained + lost > MOST_DISCORDANT:
        return normal

    def interval(level: float) -> tuple[float, float]:
        tail = (1 - level) / 2
        return _lower(gained, lost, rows, tail), -_lower(lost, gained, rows, tail)

    return Estimate(normal.value, normal.standard_error, "exact paired score", rows, rows, interval)


@lru_cache(maxsize=4096)
def _lower(gained: int, lost: int, rows: int, tail: float) -> float:
    """The least difference that is not rejected at ``tail``."""
    value = (gained - lost) / rows
    if value <= -1:
        return -1.0
    far = lower_bound(gained, lost, rows, float(ndtr(ndtri(tail) - MARGIN)))
    return rejected_up_to(lambda differences: _p_values(differences, gained, lost, rows), far, value, tail)


def _p_values(differences: Floats, gained: int, lost: int, rows: int) -> Floats:
    """Of the hypotheses that the proportions differ by ``differences [m]``, ``[m]``."""
    low, high = clopper_pearson(gained + lost, rows, 1 - UNLIKELY)
    least = np.abs(differences)[:, None]
    shares = np.clip(np.linspace(math.sqrt(low), math.sqrt(high), SHARES) ** 2, least, 1.0)[:, :, None]
    discordant = likely_counts(rows, max(low, least.min()), max(high, least.max()))
    observed, difference = score(gained, lost, rows, differences)[:, None], differences[:, None]

    def extreme(gains: Floats) -> Bools:
        found: Bools = score(gains, discordant - gains, rows, difference) >= observed - EDGE
        return found

    enough = fewest(extreme, np.broadcast_to(discordant, (differences.size, discordant.size)))
    half = np.divide(differences[:, None, None], 2 * shares, out=np.zeros_like(shares), where=shares > 0)
    tails = upper_tail(enough[:, None], discordant, 0.5 + half)
    p_values: Floats = (binomial(discordant, rows, shares) * tails).sum(axis=-1).max(axis=-1) + UNLIKELY
    return p_values
