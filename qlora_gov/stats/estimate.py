"""What an estimator answers: an estimate with its intervals, or a reason why it gives none."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Estimate:
    """A quantity with its confidence intervals at every level, in the units of the quantity.

    ``interval(level)`` is the two-sided, equal-tailed interval; a one-sided bound at alpha is the end of
    ``interval(1 - 2 * alpha)``. An end that the method cannot bound is infinite. ``caution`` says why no verdict may
    rest on the interval, where the method is known to be shaky on such data.
    """

    value: float
    standard_error: float
    method: str
    rows: int
    clusters: int
    interval: Callable[[float], tuple[float, float]] = field(repr=False, compare=False)
    caution: str | None = None


@dataclass(frozen=True)
class Withheld:
    """No interval: the data do not carry one by any method here. A gate that meets this is INCONCLUSIVE."""

    reason: str
    rows: int
    clusters: int
    value: float | None = None
