"""How figures and ids are written, decided here once for every report."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np
from pydantic import JsonValue

from qlora_gov.canonical import canonical_json, short_id
from qlora_gov.plugin.settings import recorded_file
from qlora_gov.records import Interval
from qlora_gov.stats import round_up

_BARS = "▁▂▃▄▅▆▇█"
_SPARKLINE_WIDTH = 48
_FIXED = 6  # decimal places; a number that takes more is written with an exponent


def number(value: float, places: int | None = None) -> str:
    """An integer in full, any other number to so many decimal ``places``, or else with four significant digits.

    Places below zero round to tens, hundreds and so on. Raises ValueError for NaN and infinities: a figure that does
    not exist is an ``Absent`` and never a number.
    """
    if isinstance(value, int):
        return f"{value:,}"
    if not math.isfinite(value):
        raise ValueError(f"{value} is not a figure; a value that is missing must be Absent, with the reason")
    if places is not None and places <= _FIXED and abs(value) < 1e15:
        return f"{round(value, places) + 0.0:,.{max(places, 0)}f}"
    if 9_999.5 <= abs(value) < 1e15:
        return f"{value:,.0f}"
    return f"{value + 0.0:.4g}"  # adding zero turns -0.0, which reads as a loss, into 0


def percent(share: float) -> str:
    """A share from 0 to 1 in percent."""
    return f"{share:.1%}"


def about(rows: int) -> str:
    """A number of rows that was worked out from an estimate: two digits, and never fewer rows than that."""
    return f"about {round_up(rows):,}"


def interval_words(interval: Interval, places: int | None = None) -> str:
    """An interval in words, with its level; one-sided where one end was not computed."""
    low = None if interval.low is None else number(interval.low, places)
    high = None if interval.high is None else number(interval.high, places)
    ends = f"at most {high}" if low is None else f"at least {low}" if high is None else f"{low} to {high}"
    return f"{ends} ({100 * interval.level:.4g}%)"


def sparkline(values: Sequence[float]) -> str:
    """A curve as a row of bars from its minimum to its maximum; each bar of a long curve is a mean of neighbours."""
    bins = np.array_split(np.asarray(values, dtype=np.float64), min(len(values), _SPARKLINE_WIDTH))
    means = np.array([part.mean() for part in bins])
    low, span = means.min(), np.ptp(means)
    levels = np.zeros(len(means)) if span == 0 else (means - low) / span * (len(_BARS) - 1)
    return "".join(_BARS[round(level)] for level in levels)


def setting_lines(settings: Mapping[str, JsonValue], edition: int = 1) -> list[tuple[str, str]]:
    """Settings by name, each as exactly what was set: they are inputs, so their numbers are not rounded.

    From the second edition on, one that nobody set and that is nothing by default is left out.
    """
    names = [name for name in sorted(settings) if edition < 2 or settings[name] not in (None, {}, [])]
    return [(name, _exact(settings[name])) for name in names]


def _exact(value: JsonValue) -> str:
    if recorded := recorded_file(value):
        return f"{recorded.path} ({short_id(recorded.digest)})"
    match value:
        case str():
            return value
        case None:
            return "none"
        case [*items] if all(isinstance(item, str) for item in items):
            return ", ".join(map(str, items))
    return canonical_json(value).decode()  # 1.0 is 1, as in a record that was read back
