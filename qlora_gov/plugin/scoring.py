"""What a metric makes of rows, checked: numbers of the right shape, or the reason why there are none."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from qlora_gov.plugin.calls import ForeignError, culprit, plugin_code
from qlora_gov.plugin.measures import Measure
from qlora_gov.plugin.sealed import Sealed
from qlora_gov.plugin.specs import Bools, EvaluatedRow, Floats, ratio
from qlora_gov.records import Absent
from qlora_gov.text import one_line

Scores = tuple[Floats, Bools]
"""Statistics ``[n, k]``, finite where scored, and which rows were scored ``[n]``."""


def score_rows(measure: Measure, rows: Sealed[EvaluatedRow]) -> Scores | Absent:
    """One metric over all rows. Whatever is wrong with it is told; an error that the user can mend is raised."""
    assert measure.metric is not None, "rates are counted from findings"
    lent = rows.copies()
    try:
        with plugin_code(measure.component.name):
            returned: Any = measure.metric.score(tuple(lent))
            stats, scored = np.array(returned[0]), np.array(returned[1])
    except ForeignError as error:
        return Absent(absent=f"the metric raised {error}{_alone(measure, rows, error)}")
    if (at := rows.changed(lent)) is not None:
        source = one_line(rows.rows[at].example.source)
        return Absent(absent=f"the metric changed a row that it was given, first {source}: it scored rows of its own")
    checked = _checked(stats, scored, rows.rows, len(measure.components))
    fault = None if isinstance(checked, Absent) else _beyond(measure, *checked, rows.rows)
    return checked if fault is None else Absent(absent=fault)


def _checked(stats: Any, scored: Any, rows: Sequence[EvaluatedRow], k: int) -> Scores | Absent:
    n = len(rows)
    if stats.shape != (n, k) or stats.dtype.kind not in "biuf":
        what = f"statistics of shape {stats.shape} and type {stats.dtype}"
        return Absent(absent=f"the metric returned {what}, not numbers of shape ({n}, {k})")
    if scored.shape != (n,) or scored.dtype != np.bool_:
        return Absent(absent=f"the metric did not return a boolean for each of {n} rows")
    stats = stats.astype(np.float64)
    if not np.isfinite(stats[scored]).all():
        bad = int(np.flatnonzero(scored & ~np.isfinite(stats).all(axis=1))[0])
        where = f"first for row {bad}, {one_line(rows[bad].example.source)}"
        return Absent(absent=f"the metric returned a statistic that is not finite, {where}")
    return stats, scored


def _beyond(measure: Measure, stats: Floats, scored: Bools, rows: Sequence[EvaluatedRow]) -> str | None:
    """What lies outside of the range that the metric declares: a row's score, or else its value over all of them."""
    if measure.range is None or not scored.any():
        return None
    low, high = measure.range
    slack = 1e-9 * max(1.0, *(abs(end) for end in measure.range if math.isfinite(end)))  # what rounding may do
    declared = f"outside of the range that it declares, {low:g} to {high:g}"
    if measure.is_mean:
        scores = ratio(stats)
        if (bad := np.flatnonzero(scored & ((scores < low - slack) | (scores > high + slack)))).size:
            at = int(bad[0])
            return f"the metric scores row {at}, {one_line(rows[at].example.source)}, as {scores[at]:g}, {declared}"
    value = value_of_rows(measure, stats[scored])
    if isinstance(value, float) and not low - slack <= value <= high + slack:
        return f"the metric's value over all rows is {value:g}, {declared}"
    return None


def _alone(measure: Measure, rows: Sealed[EvaluatedRow], error: ForeignError) -> str:
    """The row with which alone the metric raises the same, where there is one."""

    def fails(part: Sequence[int]) -> bool:
        some = Sealed([rows.rows[at] for at in part])
        try:
            with plugin_code(measure.component.name):
                returned: Any = measure.metric.score(tuple(some.copies()))  # type: ignore[union-attr]
                np.array(returned[0]), np.array(returned[1])
        except ForeignError as again:
            return again.kind is error.kind
        return False

    at = culprit(len(rows.rows), fails)
    return "" if at is None else f", for {one_line(rows.rows[at].example.source)}"


def value_of_rows(measure: Measure, stats: Floats) -> float | Absent:
    """The metric's value over statistics of scored rows ``[n, k]``."""
    if not len(stats):
        return Absent(absent="no row could be scored")
    try:
        with plugin_code(measure.component.name):
            value = np.array(measure.aggregate(stats.sum(axis=0)), dtype=np.float64)
    except ForeignError as error:
        return Absent(absent=f"the metric's aggregate raised {error}")
    if value.shape != () or not np.isfinite(value):
        return Absent(absent=f"undefined over these rows: the metric's aggregate is {one_line(str(value))}")
    fault = aggregate_fault(measure, stats)
    return float(value) if fault is None else Absent(absent=fault)


def aggregate_fault(measure: Measure, stats: Floats) -> str | None:
    """Why gates cannot use a metric's aggregate, which they call with the sums of many samples at once; or None.

    It is tried on the sums over all rows and over each half of them, ``[3, k]``, of which it must make what it makes of
    each alone.
    """
    middle = len(stats) // 2
    sums = np.stack([part.sum(axis=0) for part in (stats, stats[:middle], stats[middle:])])
    try:
        with plugin_code(measure.component.name), np.errstate(all="ignore"):
            one = np.array(measure.aggregate(sums[0].copy()), dtype=np.float64)
            given = sums.copy()
            many = np.array(measure.aggregate(given), dtype=np.float64)
    except ForeignError as error:
        return f"{_NOT_VECTORISED}: of sums of shape {sums.shape} it raised {error}; {_REMEDY}"
    if not np.array_equal(given, sums):
        return "the metric's aggregate changes the sums that it is given; make new ones"
    if many.shape != (len(sums),):
        return f"{_NOT_VECTORISED}: of sums of shape {sums.shape} it made values of shape {many.shape}; {_REMEDY}"
    if not np.allclose(many[0], one, rtol=1e-9, atol=0.0, equal_nan=True):
        return f"{_NOT_VECTORISED}: the sums of all rows give {one:g} alone and {many[0]:g} beside others; {_REMEDY}"
    return None


_NOT_VECTORISED = "the metric's aggregate is not vectorised"
_REMEDY = "write it over the last axis, as in sums[..., 0] / sums[..., 1]"
