"""Rules that say nothing of a candidate: every one passes them, or none can."""

from __future__ import annotations

from qlora_gov import MetricScale
from qlora_gov_gates.settings import (
    ImprovesSettings,
    LimitSettings,
    NonInferiorSettings,
    NoRegressedSliceSettings,
    RuleSettings,
)

LOOSEST = 0.2
"""Above this alpha a candidate exactly on its limit passes more often than one time in five."""


def loose_alpha(settings: RuleSettings, scale: MetricScale) -> str | None:
    """Why the level of the test shows nothing."""
    if settings.alpha <= LOOSEST:
        return None
    return f"at alpha {settings.alpha:g} a candidate exactly on the limit passes in {settings.alpha:.0%} of cases"


def vacuous_margin(settings: NonInferiorSettings, scale: MetricScale) -> str | None:
    """Why a margin shows nothing: it spans all values that the metric has, or all that the baseline is."""
    margins = [settings.margin]
    if isinstance(settings, NoRegressedSliceSettings):
        margins += settings.margins.values()
    widest = max(margins)
    if (settings.kind or scale.margin) == "relative":
        if widest >= 1:
            return f"a relative margin of {widest:g} is no share of the baseline; for 5% write 0.05"
    elif scale.range and widest >= scale.range[1] - scale.range[0]:
        return f"{scale.name} is {_between(scale.range)}, so that no candidate can be worse by {widest:g}"
    return loose_alpha(settings, scale)


def vacuous_gain(settings: ImprovesSettings, scale: MetricScale) -> str | None:
    """Why an improvement cannot be shown."""
    if scale.range and settings.by >= scale.range[1] - scale.range[0]:
        return (
            f"{scale.name} is {_between(scale.range)}, so that no candidate can be better by more than {settings.by:g}"
        )
    return loose_alpha(settings, scale)


def vacuous_upper(settings: LimitSettings, scale: MetricScale) -> str | None:
    """Why an upper limit shows nothing."""
    return _outside(settings.limit, scale, passing=1, failing=0) or loose_alpha(settings, scale)


def vacuous_lower(settings: LimitSettings, scale: MetricScale) -> str | None:
    """Why a lower limit shows nothing."""
    return _outside(settings.limit, scale, passing=0, failing=1) or loose_alpha(settings, scale)


def _outside(limit: float, scale: MetricScale, passing: int, failing: int) -> str | None:
    """Whether a limit lies at the end of the range beyond which all values pass, or at the one beyond which none do."""
    if scale.range is None:
        return None
    sides = {0: limit <= scale.range[0], 1: limit >= scale.range[1]}
    for end, what in ((passing, "any candidate passes"), (failing, "no candidate can pass")):
        if sides[end]:
            return f"{scale.name} is {_between(scale.range)}, so that {what} a limit of {limit:g}"
    return None


def _between(ends: tuple[float, float]) -> str:
    low, high = ends
    return f"at least {low:g}" if high == float("inf") else f"between {low:g} and {high:g}"
