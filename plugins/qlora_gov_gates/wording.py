"""The sentence of a verdict: what was found, how surely, and what that says of the rule."""

from __future__ import annotations

import math

from qlora_gov import Outcome
from qlora_gov.stats import DIFFERENCE, LOG_RATIO, VALUE, Contrast, Estimate, Withheld, round_up
from qlora_gov_gates.result import LEVEL, TestResult

FAR = 100
"""Times the rows at hand: beyond that, how many more a question takes says nothing but "many"."""


def within(margin: float, kind: str, against: str) -> str:
    """What a margin of that kind claims."""
    return f"within the margin of {margin:.3g}" + (f" of the {against}" if kind == "relative" else "")


def sentence(result: TestResult, rule: str) -> str:
    """A sentence on the evidence for what ``rule`` says in words."""
    found = result.found
    if isinstance(found, Withheld):
        return f"no interval can be given: {found.reason}"
    shown = f"{_finding(result, found.value)} ({_bounds(result, found)})"
    if result.outcome is Outcome.PASS:
        return f"{shown}, so it is {rule}"
    if result.outcome is Outcome.FAIL:
        return f"{shown}, so it is not {rule}"
    return f"{shown}, which does not tell whether it is {rule}{_wanting(result)}"


def _finding(result: TestResult, value: float) -> str:
    contrast = result.hypothesis.contrast
    if contrast is VALUE:
        return f"candidate is {_number(contrast, value)}"
    if contrast is DIFFERENCE or contrast is LOG_RATIO:
        side = "lower" if value < 0 else "higher"
        return f"candidate is {_number(contrast, value).removeprefix('-')} {side} than the {result.comparison.against}"
    return f"{result.contrast} is {_number(contrast, value)}"


def _bounds(result: TestResult, found: Estimate) -> str:
    """The interval for the reader, and the bound that decides."""
    contrast = result.hypothesis.contrast
    low, high = (_number(contrast, end) for end in found.interval(LEVEL))
    deciding = "none" if result.bound is None else _number(contrast, result.bound)
    wide = f", wide because {found.caution.reason}" if found.caution else ""
    level = f"one-sided {100 * (1 - result.alpha):.4g}% bound {deciding}"
    return f"{LEVEL:.0%} interval {low} to {high}; {level}{wide}"


def _wanting(result: TestResult) -> str:
    """What these rows could have shown, and how many would show what was found."""
    at_hand, rows, least = result.found.rows, result.rows_needed, result.detectable
    shows = "" if least is None else f"; {at_hand:,} rows show a distance of {least:.3g} from the limit in 4 of 5 cases"
    if rows is None or rows > FAR * at_hand:
        return shows
    return f"{shows}{',' if shows else ';'} the one found by about {round_up(rows):,} rows"


def _number(contrast: Contrast, value: float) -> str:
    """A number in the units of the metric, or a log ratio as percent."""
    if math.isinf(value):
        return "none"
    return f"{100 * math.expm1(min(value, 700)):.3g}%" if contrast is LOG_RATIO else f"{value:.3g}"
