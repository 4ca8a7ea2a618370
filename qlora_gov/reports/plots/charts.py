"""The card's other pictures: a loss curve, and bars for shares."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from markupsafe import Markup

from qlora_gov.records import LossPoint
from qlora_gov.reports.plots.svg import across, element, label, line, mark, picture, rectangle
from qlora_gov.reports.rendering.figures import number, percent

_LEFT, _RIGHT, _TOP, _BOTTOM, _HEIGHT = 12.0, 97.0, 14, 186, 226  # percent of the width twice, then pixels
_DISC = "M-3.5 0a3.5 3.5 0 1 0 7 0a3.5 3.5 0 1 0 -7 0z"
MOST_POINTS = 400
"""Points that a curve is drawn with; of more, each is the mean of neighbours."""


def loss_curve(points: Sequence[LossPoint]) -> Markup:
    """The training loss over optimiser steps. The axes carry no round numbers, but the curve's own ends.

    Raises ValueError where there is no point.
    """
    if not points:
        raise ValueError("a loss curve takes at least one point")
    steps, losses = [point.step for point in points], [point.loss for point in points]
    xs, ys = _fractions(steps), _fractions(losses)
    return picture(
        "curve",
        _HEIGHT,
        "Training loss by optimiser step",
        f"from {number(losses[0])} at step {number(steps[0])} to {number(losses[-1])} at step {number(steps[-1])}, "
        f"between {number(min(losses))} and {number(max(losses))}",
        *_axes(steps, losses),
        _stretched(" ".join(f"{1000 * x:.1f},{1000 - 1000 * y:.1f}" for x, y in zip(xs, ys, strict=True))),
        *(mark("end", _across(xs[at]), _down(ys[at]), _DISC) for at in (0, -1)),
    )


def _stretched(path: str) -> Markup:
    """A line whose points are thousandths of the plot's width and height, from its upper left."""
    return element(
        "svg",
        element("polyline", class_="loss", points=path, vector_effect="non-scaling-stroke"),
        x=across(_LEFT),
        y=_TOP,
        width=across(_RIGHT - _LEFT),
        height=_BOTTOM - _TOP,
        viewBox="0 0 1000 1000",
        preserveAspectRatio="none",
        overflow="visible",
    )


def share_bar(name: str, share: float, target: float | None = None) -> Markup:
    """A bar for a share from 0 to 1, with a tick at the share that was aimed at."""
    aim = "" if target is None else f", target {percent(target)}"
    ticks = () if target is None else (line("target", 100 * target, 0, 100 * target, 14),)
    return picture(
        "bar",
        14,
        f"{name}: {percent(share)}{aim}",
        "share of all rows",
        rectangle("track", 0, 3, 100, 8),
        rectangle("share", 0, 3, 100 * share, 8),
        *ticks,
    )


def _axes(steps: Sequence[int], losses: Sequence[float]) -> tuple[Markup, ...]:
    return (
        line("axis", _LEFT, _BOTTOM + 6, _RIGHT, _BOTTOM + 6),
        line("grid", _LEFT, _TOP, _RIGHT, _TOP),
        line("grid", _LEFT, _BOTTOM, _RIGHT, _BOTTOM),
        label(number(max(losses)), _LEFT - 1.5, _TOP + 4, "end"),
        label(number(min(losses)), _LEFT - 1.5, _BOTTOM + 4, "end"),
        label("loss", _LEFT - 1.5, (_TOP + _BOTTOM) // 2, "end"),
        label(number(steps[0]), _LEFT, _BOTTOM + 22),
        label("optimiser step", (_LEFT + _RIGHT) / 2, _BOTTOM + 22),
        label(number(steps[-1]), _RIGHT, _BOTTOM + 22),
    )


def _fractions(values: Sequence[float]) -> list[float]:
    """Where values lie from the least, 0, to the greatest, 1; the means of neighbours where they are many."""
    exact = np.asarray(values, dtype=np.float64)
    span = np.ptp(exact) or 1.0
    bins = np.array_split((exact - exact.min()) / span, min(len(values), MOST_POINTS))
    return [float(part.mean()) for part in bins]


def _across(x: float) -> float:
    return _LEFT + (_RIGHT - _LEFT) * x


def _down(y: float) -> float:
    return _BOTTOM - (_BOTTOM - _TOP) * y
