"""The ratio of two proportions on the same independent rows, by the score test of Tang, Tang and Chan (2003).

Stat. Med. 22:1217. A relative margin on right or wrong answers is a claim about this ratio. The score's distribution
is summed over all outcomes, not taken as normal, since few rows differ where a margin is narrow: at the likeliest
proportions under the hypothesis, and where more rows or fewer differ (Lloyd 2008, Aust. N. Z. J. Stat. 50:329).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cache, lru_cache, partial
from typing import Any

import numpy as np
from scipy.special import ndtri, roots_hermitenorm

from qlora_gov.stats.binomials import binomial, fewest, likely_counts, upper_tail
from qlora_gov.stats.clusters import Bools, Floats, Integers
from qlora_gov.stats.contrasts import Contrast
from qlora_gov.stats.inversion import rejected_up_to
from qlora_gov.stats.paired_difference import MOST_DISCORDANT
from qlora_gov.stats.results import Estimate, Withheld

METHOD = "paired score of the ratio"
BEYOND = 1.0
"""Standard errors beyond the normal bound from which on ratios are tried."""
LIKELY = 1.5
"""Standard errors of the number of rows that differ, within which the worst is taken."""
NODES = 5
"""Of the number of rows that the baseline gets right, over which the chance is averaged."""
EDGE = 1e-9


@dataclass(frozen=True)
class Pairs:
    """Rows by who scores: ``both``, the candidate alone (``gained``), the baseline alone (``lost``), of ``rows``."""

    both: int
    gained: int
    lost: int
    rows: int

    @property
    def candidate(self) -> int:
        """Rows where the candidate scores."""
        return self.both + self.gained

    @property
    def baseline(self) -> int:
        """Rows where the baseline scores."""
        return self.both + self.lost

    @property
    def swapped(self) -> Pairs:
        """The same with the sides exchanged."""
        return Pairs(self.both, self.lost, self.gained, self.rows)


def exact_paired_ratio(pairs: Pairs, contrast: Contrast) -> Estimate | Withheld:
    """A relative contrast of the proportions, a log ratio or a scaled difference.

    The interval is that of the ratio. For a scaled difference its ends are multiplied by the baseline's proportion as
    it was observed: on which side of 0 they lie, and with it the verdict, does not depend on that.
    """
    rows, baseline = pairs.rows, pairs.baseline / pairs.rows
    value = float(contrast.function(np.asarray(pairs.candidate / rows), np.asarray(baseline)))
    if not math.isfinite(value):
        return Withheld("undefined on these rows: a side has none of them", rows, rows)
    # One row more is taken to differ: none observed does not mean that none are possible.
    differ = (pairs.gained + pairs.lost + 1) / (rows + 1)
    if contrast.kind == "log_ratio":
        error = math.sqrt(differ * rows / (pairs.candidate * pairs.baseline))
    else:
        error = math.sqrt(contrast.factor * differ / rows)

    def interval(level: float) -> tuple[float, float]:
        low, high = ratio_interval(pairs, level)
        if contrast.kind == "log_ratio":
            return math.log(low), math.log(high)
        return (low - contrast.factor) * baseline, (high - contrast.factor) * baseline

    method = METHOD if _many(pairs) else f"exact {METHOD}"
    return Estimate(value, error, method, rows, rows, interval)


def ratio_interval(pairs: Pairs, level: float) -> tuple[float, float]:
    """The two-sided interval of the candidate's proportion over the baseline's."""
    tail = (1 - level) / 2
    return _lower(pairs, tail), 1 / _lower(pairs.swapped, tail)


@lru_cache(maxsize=4096)
def _lower(pairs: Pairs, tail: float) -> float:
    """The least ratio that is not rejected at ``tail``."""
    value, z = pairs.candidate / max(pairs.baseline, 0.5), float(-ndtri(tail))
    if not pairs.candidate:
        return EDGE
    if _many(pairs):
        return _where_score_is(z, pairs, value)
    low = _where_score_is(z + BEYOND, pairs, value)
    return rejected_up_to(partial(_p_values, pairs), low, value, tail)


def _many(pairs: Pairs) -> bool:
    return pairs.gained + pairs.lost > MOST_DISCORDANT


def _where_score_is(z: float, pairs: Pairs, value: float) -> float:
    from scipy.optimize import brentq  # as slow to import as the rest of this package together

    def beyond(ratio: float) -> float:
        return float(_score(pairs.both, pairs.gained, pairs.lost, ratio)) - z

    if beyond(EDGE) <= 0:
        return EDGE
    return float(brentq(beyond, EDGE, value, xtol=1e-9)) if beyond(value) < 0 else value


def _restricted(both: Any, gained: Any, lost: Any, ratio: Any) -> tuple[Any, Any]:
    """How many rows would be gained and lost at the likeliest proportions of this ratio."""
    any_ = both + gained + lost
    a = (1 + ratio) * any_
    b = lost * (2 - ratio**2) + gained + both * (1 - ratio**2)
    share = (b + np.sqrt(np.maximum(b * b - 4 * a * lost * (1 - ratio), 0.0))) / (2 * np.maximum(a, EDGE))
    return any_ * np.maximum(share - (1 - ratio), 0.0) / ratio, any_ * share


def _score(both: Any, gained: Any, lost: Any, ratio: Any) -> Any:
    """The score of the hypothesis that the proportions have this ratio; it falls as the ratio rises."""
    gains, losses = _restricted(both, gained, lost, ratio)
    excess = both + gained - ratio * (both + lost)
    return excess / np.sqrt(np.maximum(ratio * (gains + losses), EDGE))


def _p_values(pairs: Pairs, ratios: Floats) -> Floats:
    """Of the hypotheses that the ratio is one of ``ratios [m]``, ``[m]``: at the worst of the likely shares.

    Given how many rows the baseline gets right, gained and lost rows are independent counts. Arrays are ``[likely
    shares, m, nodes, lost]``.
    """
    differing, every = pairs.gained + pairs.lost, pairs.both + pairs.gained + pairs.lost
    spread = LIKELY * math.sqrt(differing + 1) / max(differing, 1)
    times = np.array([1.0, max(1 - spread, 0.0), min(1 + spread, every / max(differing, 1))])[:, None]
    gains, losses = _restricted(every - times * differing, times * pairs.gained, times * pairs.lost, ratios)
    expected = np.maximum(every - gains, 0.0)
    points, weights = _quadrature()
    spreads = np.sqrt(expected * np.maximum(1 - expected / pairs.rows, 0.0))
    right = np.clip(np.rint(expected[..., None] + points * spreads[..., None]), 1, pairs.rows)[..., None]
    wrong, theta = pairs.rows - right, ratios[:, None, None]
    loss = np.clip(losses / np.maximum(expected, EDGE), 0, 1)[..., None, None]
    gain = np.clip(gains / np.maximum(pairs.rows - expected, EDGE), 0, 1)[..., None, None]
    lost = _likely(pairs.rows, losses)
    observed = _score(pairs.both, pairs.gained, pairs.lost, ratios)[:, None, None]
    possible = np.minimum(lost, right)

    def extreme(gained: Floats) -> Bools:
        found: Bools = _score(right - possible, gained, possible, theta) >= observed - EDGE
        return found

    most = np.minimum(wrong, _likely(pairs.rows, gains)[-1])
    enough = fewest(extreme, np.broadcast_to(most, np.broadcast_shapes(most.shape, possible.shape)))
    chances = binomial(lost, right, loss) * upper_tail(enough, wrong, gain)
    p_values: Floats = (chances.sum(axis=-1) * weights).sum(axis=-1).max(axis=0)
    return p_values


def _likely(rows: int, expected: Floats) -> Integers:
    return likely_counts(rows, float(expected.min()) / rows, float(expected.max()) / rows)


@cache
def _quadrature() -> tuple[Floats, Floats]:
    """Where and with which weights to average over a normal variable."""
    points, weights = roots_hermitenorm(NODES)
    return points, weights / weights.sum()
