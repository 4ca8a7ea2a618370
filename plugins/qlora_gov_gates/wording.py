"""The sentence of a verdict: what was found, how surely, and what that says of the rule."""

from __future__ import annotations

import math

from qlora_gov import Outcome
from qlora_gov.stats import DIFFERENCE, LOG_RATIO, VALUE, Claim, Contrast, Estimate, detectable, rows_needed

LEVEL = 0.95
"""Of the interval that is shown; a rule's own alpha decides."""

FAR = 100
"""Times the rows at hand: beyond that, how many more a question takes says nothing but "many"."""


def sentence(claim: Claim, found: Estimate, outcome: Outcome, rule: str, alpha: float) -> str:
    """A sentence on an estimate and its outcome under the claim that ``rule`` words."""
    shown = f"{_finding(claim.contrast, found.value)} ({_bounds(claim, found, outcome, alpha)})"
    if outcome is Outcome.PASS:
        return f"{shown}, so it is {rule}"
    if outcome is Outcome.FAIL:
        return f"{shown}, so it is not {rule}"
    wanting = "" if found.caution else f"; {_wanting(claim, found, alpha)}"
    return f"{shown}, which does not tell whether it is {rule}{wanting}"


def _finding(contrast: Contrast, value: float) -> str:
    if contrast is VALUE:
        return f"candidate is {_number(contrast, value)}"
    if contrast is DIFFERENCE or contrast is LOG_RATIO:
        side = "lower" if value < 0 else "higher"
        return f"candidate is {_number(contrast, value).removeprefix('-')} {side} than the champion"
    return f"{contrast.words} is {_number(contrast, value)}"


def _bounds(claim: Claim, found: Estimate, outcome: Outcome, alpha: float) -> str:
    """The interval for the reader, and the bound that decides: the one that had to clear the limit, or lie beyond."""
    low, high = found.interval(LEVEL)
    interval = f"{LEVEL:.0%} interval {_number(claim.contrast, low)} to {_number(claim.contrast, high)}"
    lower, upper = found.bounds(alpha)
    deciding = _number(claim.contrast, lower if claim.above != (outcome is Outcome.FAIL) else upper)
    wide = f", wide because {found.caution.reason}" if found.caution else ""
    return f"{interval}; one-sided {100 * (1 - alpha):.4g}% bound {deciding}{wide}"


def _wanting(claim: Claim, found: Estimate, alpha: float) -> str:
    """What these rows could have shown, and how many would show what was found."""
    rows = rows_needed(found, abs(found.value - claim.limit), alpha)
    more = "" if rows is None or rows > FAR * found.rows else f", the one found by about {rows:,} rows"
    least = f"{detectable(found, alpha):.3g}"
    return f"{found.rows:,} rows show a distance of {least} from the limit in 4 of 5 cases{more}"


def _number(contrast: Contrast, value: float) -> str:
    """A number in the units of the metric, or a log ratio as percent."""
    if math.isinf(value):
        return "none"
    return f"{100 * math.expm1(min(value, 700)):.3g}%" if contrast is LOG_RATIO else f"{value:.3g}"
