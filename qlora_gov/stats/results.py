"""What an estimator answers: an estimate with its intervals, or a reason why it gives none."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Caution:
    """Why an interval is shaky on such data, and how many standard errors a bound that decides keeps off instead.

    ``reach(alpha)`` is infinite where no verdict may rest on the data at all. With about ``times`` as many rows of
    the same kind there would be no caution.
    """

    reason: str
    times: float
    reach: Callable[[float], float] = field(repr=False, compare=False)


@dataclass(frozen=True)
class Estimate:
    """A quantity with its confidence intervals at every level, in the units of the quantity.

    ``interval(level)`` is the two-sided, equal-tailed interval. An end that the method cannot bound is infinite.
    """

    value: float
    standard_error: float
    method: str
    rows: int
    clusters: int
    interval: Callable[[float], tuple[float, float]] = field(repr=False, compare=False)
    caution: Caution | None = None

    def bounds(self, alpha: float) -> tuple[float, float]:
        """The lower and the upper one-sided bound at ``alpha``, on which verdicts rest."""
        low, high = self.interval(1 - 2 * alpha)
        if self.caution is None:
            return low, high
        reach = self.caution.reach(alpha) * self.standard_error
        return min(low, self.value - reach), max(high, self.value + reach)


@dataclass(frozen=True)
class Withheld:
    """No interval: the data do not carry one by any method here. A gate that meets this is INCONCLUSIVE."""

    reason: str
    rows: int
    clusters: int
    value: float | None = None
