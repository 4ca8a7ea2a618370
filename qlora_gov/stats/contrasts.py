"""What is estimated: a quantity of two metric values, and the limit that a hypothesis sets for it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from qlora_gov.stats.clusters import Floats
from qlora_gov.stats.results import Estimate


@dataclass(frozen=True)
class Contrast:
    """A function of the candidate's and the champion's value, ``[...]`` each to ``[...]``; NaN where undefined."""

    words: str
    function: Callable[[Floats, Floats], Floats] = field(repr=False)


VALUE = Contrast("candidate", lambda candidate, champion: candidate)
"""The candidate alone, for limits."""

DIFFERENCE = Contrast("candidate - champion", lambda candidate, champion: candidate - champion)


def _log_ratio(candidate: Floats, champion: Floats) -> Floats:
    positive = (candidate > 0) & (champion > 0)
    ratio: Floats = np.divide(candidate, champion, out=np.full(np.shape(candidate), np.nan), where=positive)
    return np.log(ratio)


LOG_RATIO = Contrast("log(candidate / champion)", _log_ratio)


def scaled_difference(factor: float) -> Contrast:
    """``candidate - factor x champion``, for a champion above zero.

    Holding ``factor x champion`` at its estimate instead would ignore the champion's own error: about twice the
    nominal false passes.
    """
    return Contrast(
        f"candidate - {factor:g} x champion",
        lambda candidate, champion: np.where(champion > 0, candidate - factor * champion, np.nan),
    )


@dataclass(frozen=True)
class Claim:
    """A contrast and the side of a limit on which it is claimed to lie: above it, or below."""

    contrast: Contrast
    limit: float
    above: bool

    def holds(self, found: Estimate, alpha: float) -> bool:
        """Whether the one-sided bound at ``alpha`` clears the limit."""
        low, high = found.bounds(alpha)
        return low > self.limit if self.above else high < self.limit

    def fails(self, found: Estimate, alpha: float) -> bool:
        """Whether the opposite bound lies beyond the limit."""
        low, high = found.bounds(alpha)
        return high < self.limit if self.above else low > self.limit


def no_worse(margin: float, kind: Literal["absolute", "relative"], higher_is_better: bool) -> Claim:
    """The claim that the candidate is worse than the champion by less than ``margin``.

    An absolute margin is in the metric's units. A relative one is a share of the champion's true value: tested as
    ``candidate - (1 - margin) x champion > 0``, or ``log(candidate / champion) < log(1 + margin)`` where lower is
    better. Raises ValueError for a relative margin of 1 or more, which any candidate would meet.
    """
    if kind == "absolute":
        return Claim(DIFFERENCE, -margin if higher_is_better else margin, higher_is_better)
    if margin >= 1:
        raise ValueError(f"a relative margin is a share below 1, not {margin:g}; for 5% write 0.05")
    if higher_is_better:
        return Claim(scaled_difference(1 - margin), 0.0, above=True)
    return Claim(LOG_RATIO, float(np.log1p(margin)), above=False)
