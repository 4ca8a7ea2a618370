"""One strip of a forest plot: on which side of a rule's limit does what was found lie, and how surely.

Rules test different quantities in different units. So the limits of all strips stand under each other, the side on
which a rule passes is always to the right, and each strip has the scale that shows all of its own marks.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from markupsafe import Markup

from qlora_gov.records import Interval, Outcome
from qlora_gov.reports.plots.svg import label, line, mark, picture, rectangle
from qlora_gov.reports.rendering.figures import interval_words, number

LIMIT_AT = 38.0
"""Where the limit stands, in percent of the width: most of what is drawn lies on the passing side."""
_EDGE = 4.0  # percent kept free on both sides
_HEIGHT, _FLOOR, _MIDDLE, _BRACKET = (
    50,
    34,
    15,
    27,
)  # pixels: of all, of the axis, of the interval, of what is detectable
_LABEL = 9.0  # percent that a label takes; a second one closer to the limit is left out

# The shape tells the outcomes apart without their colours: a disc, a cross and an open square.
_SHAPES = {
    Outcome.PASS: "M-6 0a6 6 0 1 0 12 0a6 6 0 1 0 -12 0z",
    Outcome.FAIL: "M-6 -6L6 6M-6 6L6 -6",
    Outcome.INCONCLUSIVE: "M-5.5 -5.5h11v11h-11z",
}
_TO_LEFT, _TO_RIGHT = "M0 0l7 -5v10z", "M0 0l-7 -5v10z"


@dataclass(frozen=True, kw_only=True)
class Strip:
    """One rule's numbers, all in the unit of what it tests.

    ``passes_above`` says on which side of the limit the rule passes; None where that is not known. ``alike`` is what
    would be found where both sides are alike, ``bound`` the one-sided bound that decides, and ``detectable`` the
    distance from the limit that the rows show in 4 of 5 cases. ``places`` are the decimal places of what was found.
    """

    outcome: Outcome
    limit: float
    estimate: float
    interval: Interval
    passes_above: bool | None
    alike: float | None = None
    bound: float | None = None
    detectable: float | None = None
    places: int | None = None

    @property
    def rightwards(self) -> int:
        """1 where larger values are drawn to the right, -1 where smaller ones are."""
        return -1 if self.passes_above is False else 1

    @property
    def shown(self) -> float | None:
        """The nearest value on the passing side that the rows show in 4 of 5 cases."""
        return None if self.detectable is None else self.limit + self.rightwards * self.detectable


def draw_strip(of: str, given: Strip) -> Markup:
    """The strip of one rule; ``of`` names the rule and what it judges."""
    place = _Scale(given)
    return picture("strip", _HEIGHT, f"{of}: {given.outcome}", _in_words(given), *_drawn(given, place))


class _Scale:
    """From values to percent of the width: as large as all of the strip's marks allow."""

    def __init__(self, given: Strip) -> None:
        self._limit, self._rightwards = given.limit, given.rightwards
        ends = (given.estimate, given.interval.low, given.interval.high, given.alike, given.bound, given.shown)
        ways = [self._way(value) for value in ends if value is not None]
        left = -min(0.0, *ways) / (LIMIT_AT - _EDGE)
        right = max(0.0, *ways) / (100 - LIMIT_AT - _EDGE)
        self._unit = max(left, right) or 1.0

    def __call__(self, value: float) -> float:
        return LIMIT_AT + self._way(value) / self._unit

    def _way(self, value: float) -> float:
        """The distance from the limit towards the passing side."""
        return (value - self._limit) * self._rightwards


def _drawn(given: Strip, place: _Scale) -> Iterator[Markup]:
    if given.passes_above is not None:
        yield rectangle("passing", LIMIT_AT, 0, 100 - LIMIT_AT, _FLOOR)
    yield line("axis", 0, _FLOOR, 100, _FLOOR)
    yield line("limit", LIMIT_AT, 0, LIMIT_AT, _FLOOR + 4)
    if given.alike is not None:
        yield line("alike", place(given.alike), 0, place(given.alike), _FLOOR + 4)
    if given.shown is not None:
        yield line("detectable", LIMIT_AT, _BRACKET, place(given.shown), _BRACKET)
        yield line("detectable", place(given.shown), _BRACKET - 4, place(given.shown), _BRACKET + 4)
    yield from _interval(given, place)
    if given.bound is not None:
        yield line(f"bound {given.outcome.lower()}", place(given.bound), _MIDDLE - 9, place(given.bound), _MIDDLE + 9)
    yield mark(f"estimate {given.outcome.lower()}", place(given.estimate), _MIDDLE, _SHAPES[given.outcome])
    yield from _labels(given, place)


def _interval(given: Strip, place: _Scale) -> Iterator[Markup]:
    """The interval with a cap at each end, or an arrow to the edge where that end was not computed."""
    ends = (given.interval.low, given.interval.high)[:: given.rightwards]
    left, right = (None if end is None else place(end) for end in ends)
    kind = f"interval {given.outcome.lower()}"
    yield line(kind, left if left is not None else 0.5, _MIDDLE, right if right is not None else 99.5, _MIDDLE)
    for end, edge, arrow in ((left, 0.0, _TO_LEFT), (right, 100.0, _TO_RIGHT)):
        if end is None:
            yield mark(f"arrow {given.outcome.lower()}", edge, _MIDDLE, arrow)
        else:
            yield line(kind, end, _MIDDLE - 5, end, _MIDDLE + 5)


def _labels(given: Strip, place: _Scale) -> Iterator[Markup]:
    yield label(number(given.limit), LIMIT_AT, _HEIGHT - 3)
    if given.alike is not None and abs(place(given.alike) - LIMIT_AT) > _LABEL:
        yield label(number(given.alike), place(given.alike), _HEIGHT - 3)
    yield label("higher →" if given.rightwards > 0 else "lower →", 100, _HEIGHT - 3, "end")


def _in_words(given: Strip) -> str:
    side = {True: "passes above", False: "passes below", None: "has"}[given.passes_above]
    words = [
        f"estimate {number(given.estimate, given.places)}",
        f"interval {interval_words(given.interval, given.places)}",
        f"the rule {side} the limit {number(given.limit)}",
    ]
    if given.bound is not None:
        words.append(f"one-sided bound that decides {number(given.bound, given.places)}")
    if given.alike is not None:
        words.append(f"no difference is {number(given.alike)}")
    if given.detectable is not None:
        words.append(f"minimum detectable effect {number(given.detectable, given.places)}")
    return "; ".join(words)
