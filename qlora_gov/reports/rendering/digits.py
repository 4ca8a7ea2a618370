"""How many decimal places a finding's interval supports, so that no figure pretends to more."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import NamedTuple

from qlora_gov.records import Decision, Evaluation, Interval, SliceFinding, Verdict

_MOST = 12
"""Decimal places at most, however close to its limit a figure lies."""


class Places(NamedTuple):
    """Decimal places of what was estimated, and of the two sides' values; None where nothing says how many."""

    contrast: int | None = None
    values: int | None = None


def places_of(found: Verdict | SliceFinding, edition: int) -> Places:
    """As many places as keep two digits of the interval's half width, and as tell a figure from the rule's limit.

    In the first edition nothing is rounded by its interval. The interval of a log ratio says how surely each side's
    value is known relative to it, every other one in the value's own unit.
    """
    between = found.interval
    half = None if edition < 2 or between is None else _half_width(between, found.estimate)
    if half is None or between is None:
        return Places()
    bound = found.bound if isinstance(found, Verdict) else None
    contrast = _told_apart(two_digits(half), found.threshold, (found.estimate, between.low, between.high, bound))
    if not isinstance(found, Verdict) or found.contrast_kind != "log_ratio":
        return Places(contrast, contrast)
    values = [abs(value) for value in (found.candidate, found.baseline) if isinstance(value, float) and value]
    return Places(contrast, two_digits(half * max(values)) if values else None)


def slice_places(rule: Verdict, found: SliceFinding, edition: int) -> Places:
    """The places of a slice, which has its rule's kind of contrast."""
    named = Verdict(
        outcome=found.outcome,
        reason=found.reason,
        contrast_kind=rule.contrast_kind,
        estimate=found.estimate,
        interval=found.interval,
        threshold=found.threshold,
        candidate=found.candidate,
        baseline=found.baseline,
    )
    return places_of(named, edition)


def measured_places(decision: Decision, evaluations: Iterable[Evaluation]) -> dict[str, int]:
    """The places of each metric's values on all rows; none in the first edition.

    They are those of the rules that judge the metric there. Where none does, nothing says how surely the values are
    known: they are written with three digits.
    """
    if decision.edition < 2:
        return {}
    found: dict[str, int] = {}
    for item in decision.verdicts:
        places = places_of(item.verdict, decision.edition).values
        if places is not None and not item.rule.where and not item.verdict.slices:
            found[item.rule.metric] = max(places, found.get(item.rule.metric, places))
    sizes: dict[str, float] = {}
    for measured in (one for evaluation in evaluations for one in evaluation.measurements):
        if isinstance(measured.value, float) and measured.value:
            sizes[measured.name] = max(abs(measured.value), sizes.get(measured.name, 0.0))
    return {name: two_digits(size) + 1 for name, size in sizes.items()} | found


def interval_places(interval: Interval, value: float, edition: int) -> int | None:
    """The places of a value that has an interval of its own; None in the first edition."""
    half = None if edition < 2 else _half_width(interval, value)
    return None if half is None else two_digits(half)


def two_digits(size: float) -> int:
    """The places at which a positive number has two digits; below zero where it is 100 or more."""
    return min(1 - math.floor(math.log10(size)), _MOST)


def _half_width(interval: Interval, value: float | None) -> float | None:
    """Half of a two-sided interval, or how far the end of a one-sided one is; None for an interval of one point."""
    low = value if interval.low is None else interval.low
    high = value if interval.high is None else interval.high
    if low is None or high is None or not high > low:
        return None
    return (high - low) / (1 if None in (interval.low, interval.high) else 2)


def _told_apart(places: int, limit: float | None, figures: Iterable[float | None]) -> int:
    """The places at which each figure stays on its side of the limit."""
    if limit is None:
        return places
    for value in figures:
        while value is not None and places < _MOST and _side(round(value, places), limit) != _side(value, limit):
            places += 1
    return places


def _side(value: float, limit: float) -> int:
    return (value > limit) - (value < limit)
