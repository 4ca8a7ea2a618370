"""The best trial is told from others only where the rows show it, whichever trial chance makes the best."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from qlora_gov.plugin.measures import Measure
from qlora_gov.plugin.sides import Side
from qlora_gov.plugin.specs import MetricTraits, ratio
from qlora_gov.records import Absent, Evaluation, Interval, Measurement, Sweep
from qlora_gov.stages.sweep import ALPHA, Trials, Tried
from tests.stages.toys import component

RANKS = (32, 64, 128)
ROWS = 60
NOISE = np.random.default_rng(0).normal(size=(3, ROWS))


def compared(
    scores: Sequence[Any],
    *,
    higher: bool = True,
    sizes: Sequence[int] = RANKS,
    clusters: Any = None,
    binary: bool = False,
) -> Sweep:
    """A sweep of trials with these scores by row; NaN is a row that could not be scored."""
    part = component("score")
    traits = MetricTraits("score", higher, "absolute", binary, ratio)
    tried = [Tried(rank, f"sha256:a{rank}", size, side(part, np.asarray(values, float), rank))
             for rank, size, values in zip(RANKS, sizes, scores, strict=False)]  # fmt: skip
    rows = len(scores[0])
    return Trials(
        "rank", tried, Measure(part, ("sum", "rows"), traits, frozenset({"response"}), None),
        np.arange(rows) if clusters is None else clusters,
    ).compared()  # fmt: skip


def side(part: Any, values: Any, rank: int) -> Side:
    scored = np.isfinite(values)
    value: float | Absent = float(values[scored].mean()) if scored.any() else Absent(absent="it broke")
    measurement = Measurement(
        name="score",
        metric=part,
        components=("sum", "rows"),
        scored=int(scored.sum()),
        rows=values.size,
        value=value,
        digest="sha256:5",
    )
    evaluation = Evaluation(responses=f"sha256:{rank}", measurements=(measurement,), scans=(), findings="sha256:f")
    return Side(evaluation, lambda index: (np.column_stack([np.where(scored, values, 0), scored]), scored))


def values(sweep: Sweep) -> list[Any]:
    """The values of the trials that the best one is not shown to be better than."""
    return [sweep.trials[at].value for at in sweep.not_worse]


def test_a_clear_winner_is_shown_against_each_other_trial() -> None:
    sweep = compared([NOISE[0], NOISE[0] + 2 + 0.1 * NOISE[1], NOISE[0] + 0.1 * NOISE[2]])
    assert sweep.best == 1
    assert sweep.shows_best
    assert values(sweep) == [64]
    first, third = sweep.contrasts
    assert (first.trial, third.trial) == (0, 2)
    assert isinstance(first.interval, Interval)
    assert first.interval.level == pytest.approx(1 - ALPHA / 3), "any two of three could have been the pair"
    assert first.interval.low is not None
    assert first.interval.low > 0
    assert first.bound == pytest.approx(first.interval.low)
    interval = sweep.trials[1].interval
    assert isinstance(interval, Interval)
    assert interval.level == pytest.approx(1 - ALPHA / 3), "those of three trials hold at once"


def test_lower_may_be_better() -> None:
    sweep = compared([NOISE[0] + 2 + 0.1 * NOISE[1], NOISE[0], NOISE[0] + 3 + 0.1 * NOISE[2]], higher=False)
    assert (sweep.best, sweep.shows_best) == (1, True)
    assert all(isinstance(one.difference, float) and one.difference < 0 for one in sweep.contrasts)


def test_what_the_rows_do_not_show_is_not_told_and_the_smallest_comes_first() -> None:
    sweep = compared([NOISE[0] - 9 + 0.1 * NOISE[2], NOISE[0], NOISE[0] + 0.001 + 0.1 * NOISE[1]], sizes=(1, 2, 3))
    assert [one.shown for one in sweep.contrasts] == [True, False]
    assert not sweep.shows_best
    assert values(sweep) == [64, 128], "the best of the values is not told, nor is the worst"


def test_of_equal_trials_the_smallest_is_the_best_and_nothing_is_shown() -> None:
    sweep = compared([NOISE[0]] * 3, sizes=(5, 3, 4))
    assert sweep.best == 1
    assert not any(one.shown for one in sweep.contrasts)
    assert values(sweep) == [64, 128, 32]


def test_a_trial_that_was_not_measured_whole_is_not_compared() -> None:
    unscored = NOISE[0].copy()
    unscored[3] = np.nan
    sweep = compared([unscored, NOISE[1], np.full(ROWS, np.nan)])
    assert sweep.best == 1
    assert sweep.trials[0].measured == Absent(absent="1 of 60 rows could not be scored")
    assert sweep.trials[2].interval == Absent(absent="it broke")
    assert not sweep.shows_best
    assert [one.difference for one in sweep.contrasts] == [sweep.trials[0].measured, sweep.trials[2].measured]
    nothing = compared([np.full(ROWS, np.nan)] * 2)
    assert (nothing.best, nothing.contrasts, nothing.not_worse, nothing.shows_best) == (None, (), (), False)


def test_too_few_clusters_show_nothing() -> None:
    sweep = compared([NOISE[0], NOISE[0] + 5 + 0.1 * NOISE[1]], clusters=np.arange(ROWS) % 3)
    assert sweep.best == 1
    assert not sweep.shows_best


def test_rows_that_say_yes_or_no_go_by_the_paired_score() -> None:
    right = (np.arange(ROWS) % 2).astype(float)
    sweep = compared([right, np.ones(ROWS)], binary=True)
    assert sweep.shows_best
    (contrast,) = sweep.contrasts
    assert isinstance(contrast.interval, Interval)
    assert (contrast.interval.method, contrast.interval.level) == ("exact paired score", 0.95)


def test_equal_trials_are_seldom_told_apart() -> None:
    """The chance that any of three that are alike is shown to be best over another is at most alpha."""
    rng, sweeps = np.random.default_rng(7), 300
    told = sum(
        any(one.shown for one in compared((rng.random((3, 40)) < 0.7).astype(float), binary=True).contrasts)
        for _ in range(sweeps)
    )
    assert told <= sweeps * ALPHA + 2 * math.sqrt(sweeps * ALPHA)
