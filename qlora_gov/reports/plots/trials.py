"""The plot of a sweep: the metric against the field of the recipe, the adapter's size and the training's time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from qlora_gov.reports.plots.svg import label, line, mark, picture, standalone
from qlora_gov.reports.rendering.figures import number

_WIDTH, _HEIGHT, _TOP, _BOTTOM = 760, 230, 20.0, 176.0  # pixels
_LEFT, _STEP, _PANEL, _INSET = 10.0, 31.0, 26.0, 3.0  # percent: of the first panel, between two, of each, within each
_DISC, _RING = "M-5 0a5 5 0 1 0 10 0a5 5 0 1 0 -10 0z", "M-4 0a4 4 0 1 0 8 0a4 4 0 1 0 -8 0z"
_STYLE = """
svg { color: #566173; background: #ffffff; }
text { fill: currentColor; font: 11px system-ui, sans-serif; }
line { stroke: #2b5cb8; stroke-width: 2; }
.axis, .grid { stroke: #d9dee6; stroke-width: 1; }
.trial { fill: #ffffff; stroke: #2b5cb8; stroke-width: 2; }
.best { fill: #2b5cb8; stroke: #2b5cb8; }
"""


@dataclass(frozen=True)
class TrialMark:
    """One measured trial: the field's value as text, the metric's with the ends of its interval, bytes and seconds.

    An end of the interval that was not computed, and a time that nobody knows, is None.
    """

    name: str
    measured: float
    low: float | None
    high: float | None
    size: int
    seconds: float | None
    best: bool


def draw_trials(field: str, metric: str, marks: Sequence[TrialMark]) -> Markup:
    """Three panels that share the metric's axis, as an SVG file. The axes carry the ends of what is drawn."""
    told = [f"{field} {one.name}: {number(one.measured)}{' (best)' if one.best else ''}" for one in marks]
    drawn = picture(
        "trials",
        _HEIGHT,
        f"{metric} by {field}, size and time",
        "; ".join(told) or "no trial was measured",
        *_drawn(field, metric, marks),
    )
    return standalone(drawn, _WIDTH, _HEIGHT, _STYLE)


def _drawn(field: str, metric: str, marks: Sequence[TrialMark]) -> Iterator[Markup]:
    ends = [end for one in marks for end in (one.measured, one.low, one.high) if end is not None]
    yield label(metric, _LEFT - 1, 11, "end")
    if ends:
        yield label(number(max(ends)), _LEFT - 1, _TOP + 4, "end")
        yield label(number(min(ends)), _LEFT - 1, _BOTTOM + 4, "end")
    panels: tuple[tuple[str, list[float | None], list[str] | None], ...] = (
        (field, [float(at) for at in range(len(marks))], [one.name for one in marks]),
        ("bytes of the adapter", [float(one.size) for one in marks], None),
        ("seconds of training", [one.seconds for one in marks], None),
    )
    for at, (title, places, names) in enumerate(panels):
        yield from _panel(_LEFT + at * _STEP, title, places, names, marks, _Scale.over(ends))


def _panel(
    left: float,
    title: str,
    places: Sequence[float | None],
    names: Sequence[str] | None,
    marks: Sequence[TrialMark],
    height: _Scale,
) -> Iterator[Markup]:
    known = [place for place in places if place is not None]
    across = _Scale.over(known)
    for y in (_TOP, _BOTTOM):
        yield line("grid", left, y, left + _PANEL, y)
    yield label(title, left + _PANEL / 2, _BOTTOM + 44)
    xs = [None if place is None else left + _INSET + across(place) * (_PANEL - 2 * _INSET) for place in places]
    if names is not None:
        yield from (label(name, x, _BOTTOM + 22) for name, x in zip(names, xs, strict=True) if x is not None)
    elif known:
        yield label(number(min(known)), left, _BOTTOM + 22, "start")
        yield label(number(max(known)), left + _PANEL, _BOTTOM + 22, "end")
    for one, x in zip(marks, xs, strict=True):
        if x is not None:
            yield from _trial(one, x, height)


def _trial(one: TrialMark, x: float, height: _Scale) -> Iterator[Markup]:
    """The interval from end to end, or to the panel's edge where an end was not computed, and the value on it."""
    low = 0.0 if one.low is None else height(one.low)
    high = 1.0 if one.high is None else height(one.high)
    yield line("interval", x, _down(low), x, _down(high))
    yield mark("trial best" if one.best else "trial", x, _down(height(one.measured)), _DISC if one.best else _RING)


@dataclass(frozen=True)
class _Scale:
    """From values to a share from 0 to 1; all that are alike lie in the middle."""

    least: float
    span: float

    @classmethod
    def over(cls, values: Sequence[float]) -> _Scale:
        return cls(min(values, default=0.0), max(values, default=0.0) - min(values, default=0.0))

    def __call__(self, value: float) -> float:
        return (value - self.least) / self.span if self.span else 0.5


def _down(y: float) -> float:
    return _BOTTOM - (_BOTTOM - _TOP) * y
