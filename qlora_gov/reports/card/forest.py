"""From the lines of a card's context to the strips of its forest plot."""

from __future__ import annotations

from collections.abc import Iterable

from markupsafe import Markup

from qlora_gov.records import NO_DIFFERENCE_IS_ZERO, Absent, Interval, Outcome
from qlora_gov.reports.card.context.findings import RuleLine, SlicedRule, SliceLine
from qlora_gov.reports.plots.strip import Strip, draw_strip


def rule_strip(line: RuleLine) -> Markup | Absent:
    """The strip of a rule, or why it has none."""
    numbers = _numbers(line)
    if isinstance(numbers, Absent):
        return numbers
    limit, estimate, interval = numbers
    return draw_strip(
        f"{line.rule.name} on {line.rule.metric}",
        Strip(
            outcome=line.outcome,
            limit=limit,
            estimate=estimate,
            interval=interval,
            passes_above=passes_above([line]),
            alike=_alike(line),
            bound=_or_none(line.bound),
            detectable=_or_none(line.detectable),
            places=line.places,
        ),
    )


def slice_strip(line: SliceLine, above: bool | None) -> Markup | Absent:
    """The strip of a slice, whose rule passes ``above`` its limit, or why it has none."""
    numbers = _numbers(line)
    if isinstance(numbers, Absent):
        return numbers
    limit, estimate, interval = numbers
    drawn = Strip(
        outcome=line.outcome,
        limit=limit,
        estimate=estimate,
        interval=interval,
        passes_above=above,
        places=line.places,
    )
    return draw_strip(line.slice, drawn)


def slices_above(sliced: SlicedRule, rules: Iterable[RuleLine]) -> bool | None:
    """On which side of their limits the slices of a rule pass, as its own line or any of them tells."""
    return passes_above([*(line for line in rules if line.rule.name == sliced.rule.name), *sliced.slices])


def passes_above(lines: Iterable[RuleLine | SliceLine]) -> bool | None:
    """On which side of the limit lines of one rule pass, from the first that tells; None where none does."""
    return next((above for line in lines if (above := _passes_above(line)) is not None), None)


def _passes_above(line: RuleLine | SliceLine) -> bool | None:
    """What passed lies on the passing side, what failed on the other; else the bound that decides is the outer one."""
    bound = line.bound if isinstance(line, RuleLine) else Absent(absent="slices have none")
    estimate, against = line.estimate, bound if line.outcome is Outcome.INCONCLUSIVE else line.threshold
    if isinstance(estimate, Absent) or isinstance(against, Absent) or estimate == against:
        return None
    return (estimate > against) != (line.outcome is Outcome.FAIL)


def _alike(line: RuleLine) -> float | None:
    """What two sides that are alike would give, where that is the same whatever their value is."""
    return 0.0 if line.contrast_kind in NO_DIFFERENCE_IS_ZERO else None


def _numbers(line: RuleLine | SliceLine) -> tuple[float, float, Interval] | Absent:
    limit, estimate, interval = line.threshold, line.estimate, line.interval
    if isinstance(limit, Absent):
        return limit
    if isinstance(estimate, Absent):
        return estimate
    return interval if isinstance(interval, Absent) else (limit, estimate, interval)


def _or_none(value: float | Absent) -> float | None:
    return None if isinstance(value, Absent) else value
