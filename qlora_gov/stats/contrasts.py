"""What is estimated: a quantity of two metric values, and the limit that a hypothesis sets for it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from qlora_gov.records import ContrastKind
from qlora_gov.stats.clusters import Floats
from qlora_gov.stats.results import Estimate


@dataclass(frozen=True)
class Contrast:
    """A function of the candidate's and the baseline's value, ``[...]`` each to ``[...]``; NaN where undefined.

    ``words`` call the baseline champion, whoever it is. ``factor`` is what a scaled difference multiplies it by.
    """

    kind: ContrastKind
    words: str
    function: Callable[[Floats, Floats], Floats] = field(repr=False)
    factor: float = 1.0


VALUE = Contrast("value", "candidate", lambda candidate, baseline: candidate)
"""The candidate alone, for limits."""

DIFFERENCE = Contrast("difference", "candidate - champion", lambda candidate, baseline: candidate - baseline)


def _log_ratio(candidate: Floats, baseline: Floats) -> Floats:
    positive = (candidate > 0) & (baseline > 0)
    ratio: Floats = np.divide(candidate, baseline, out=np.full(np.shape(candidate), np.nan), where=positive)
    return np.log(ratio)


LOG_RATIO = Contrast("log_ratio", "log(candidate / champion)", _log_ratio)


def scaled_difference(factor: float) -> Contrast:
    """``candidate - factor x baseline``, for a baseline above zero.

    Holding ``factor x baseline`` at its estimate instead would ignore the baseline's own error: about twice the
    nominal false passes.
    """
    return Contrast(
        "scaled_difference",
        f"candidate - {factor:g} x champion",
        lambda candidate, baseline: np.where(baseline > 0, candidate - factor * baseline, np.nan),
        factor,
    )


@dataclass(frozen=True)
class Hypothesis:
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


def no_worse(margin: float, kind: Literal["absolute", "relative"], higher_is_better: bool) -> Hypothesis:
    """The hypothesis that the candidate is worse than the baseline by less than ``margin``.

    An absolute margin is in the metric's units. A relative one is a share of the baseline's true value: tested as
    ``candidate - (1 - margin) x baseline > 0``, or ``log(candidate / baseline) < log(1 + margin)`` where lower is
    better. Raises ValueError for a relative margin of 1 or more, which any candidate would meet.
    """
    if kind == "absolute":
        return Hypothesis(DIFFERENCE, -margin if higher_is_better else margin, higher_is_better)
    if margin >= 1:
        raise ValueError(f"a relative margin is a share below 1, not {margin:g}; for 5% write 0.05")
    if higher_is_better:
        return Hypothesis(scaled_difference(1 - margin), 0.0, above=True)
    return Hypothesis(LOG_RATIO, float(np.log1p(margin)), above=False)
