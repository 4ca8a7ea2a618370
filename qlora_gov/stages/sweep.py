"""Compare the trials of a sweep: which is best by a metric, and whether the rows show it.

The best trial is found by the same rows that it is then compared on, so that any two trials could be the pair that is
told of. So each interval is made for all k (k - 1) / 2 pairs at once, by Bonferroni's inequality (Dunn 1961, J. Am.
Stat. Assoc. 56:52): where no trial differs from another, the chance that any difference is shown is at most alpha,
whichever comes out best. A correction for the k - 1 pairs with the best alone would not hold that. The intervals of the
k values hold at once in the same way, so that the one of the best trial covers although it was chosen.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from pydantic import JsonValue

from qlora_gov.plugin.measures import Measure
from qlora_gov.plugin.sides import Side
from qlora_gov.plugin.specs import Comparison, Floats
from qlora_gov.records import Absent, Interval
from qlora_gov.records.sweep import Sweep, Trial, TrialContrast
from qlora_gov.stages.judged import measured, unusable
from qlora_gov.stats import DIFFERENCE, VALUE, Estimate, Hypothesis, Withheld, estimate_all, newest_methods

ALPHA = 0.05
"""The chance at most that a difference is shown where there is none."""


@dataclass(frozen=True)
class Tried:
    """A trial before it is compared: the field's value, the adapter with the bytes of its files, and its evaluation."""

    value: JsonValue
    adapter: str
    size: int
    side: Side


@dataclass(frozen=True)
class Trials:
    """The trials of a sweep on the rows of one set; ``clusters [n]`` number the rows' groups from 0."""

    field: str
    tried: Sequence[Tried]
    measure: Measure
    clusters: NDArray[np.int64]
    alpha: float = ALPHA
    methods: int | None = None

    def compared(self) -> Sweep:
        """The sweep, with every interval worked out from the rows."""
        best = self._best
        return Sweep(
            adapters=tuple(one.adapter for one in self.tried),
            evaluations=tuple(one.side.evaluation.id for one in self.tried),
            field=self.field,
            metric=self.measure.traits.name,
            higher_is_better=self.measure.traits.higher_is_better,
            trials=tuple(
                Trial(value=one.value, size=one.size, measured=value, interval=interval)
                for one, value, interval in zip(self.tried, self._values, self._intervals(), strict=True)
            ),
            best=best,
            contrasts=() if best is None else tuple(self._contrasts(best)),
            alpha=self.alpha,
            methods=self._methods,
        )

    @property
    def _methods(self) -> int:
        return self.methods or newest_methods()

    @cached_property
    def _stats(self) -> list[Floats | Absent]:
        """Of each trial the metric's statistics ``[n, k]``, or why they cannot be compared."""
        return [self._stats_of(one.side) for one in self.tried]

    def _stats_of(self, side: Side) -> Floats | Absent:
        index, measurement = measured(side.evaluation, self.measure)
        if reason := unusable(measurement, self.clusters.size):
            return Absent(absent=reason.removeprefix("not measured: "))
        stats, scored = side.scores(index)
        if missing := int((~scored).sum()):
            return Absent(absent=f"{missing} of {scored.size} rows could not be scored")
        return stats

    @cached_property
    def _values(self) -> list[float | Absent]:
        found = [measured(one.side.evaluation, self.measure)[1].value for one in self.tried]
        return [stats if isinstance(stats, Absent) else value for stats, value in zip(self._stats, found, strict=True)]

    @property
    def _best(self) -> int | None:
        """The place of the best value: of equal ones the smallest adapter, and then the first."""
        values = {at: value for at, value in enumerate(self._values) if isinstance(value, float)}
        sign = -1 if self.measure.traits.higher_is_better else 1
        return min(values, key=lambda at: (sign * values[at], self.tried[at].size, at), default=None)

    def _comparison(self, one: Floats, other: Floats) -> Comparison:
        return Comparison(self.measure.traits, one, other, self.clusters, methods=self._methods)

    def _intervals(self) -> list[Interval | Absent]:
        """Of each trial's value, at a level at which all of them hold at once."""
        usable = [stats for stats in self._stats if not isinstance(stats, Absent)]
        # A value has no baseline; the trial after it stands where one is asked for, to show what both sides count.
        pairs = zip(usable, [*usable[1:], *usable[:1]], strict=True)
        found = iter(estimate_all([(self._comparison(*pair), VALUE) for pair in pairs]))
        level = 1 - self.alpha / len(self.tried)
        return [stats if isinstance(stats, Absent) else _interval(next(found), level) for stats in self._stats]

    def _contrasts(self, best: int) -> Iterator[TrialContrast]:
        mine = self._stats[best]
        assert not isinstance(mine, Absent), "the best one was measured"
        others = {at: stats for at, stats in enumerate(self._stats) if at != best}
        pairs = [self._comparison(mine, stats) for stats in others.values() if not isinstance(stats, Absent)]
        found = iter(estimate_all([(pair, DIFFERENCE) for pair in pairs]))
        for at, stats in others.items():
            if isinstance(stats, Absent):
                yield TrialContrast(trial=at, difference=stats, interval=stats, bound=stats, shown=False)
            else:
                yield self._contrast(at, next(found))

    def _contrast(self, at: int, found: Estimate | Withheld) -> TrialContrast:
        if isinstance(found, Withheld):
            why = Absent(absent=found.reason)
            difference = why if found.value is None else found.value
            return TrialContrast(trial=at, difference=difference, interval=why, bound=why, shown=False)
        above, alpha = self.measure.traits.higher_is_better, self.alpha / math.comb(len(self.tried), 2)
        bound = found.bounds(alpha / 2)[0 if above else 1]
        return TrialContrast(
            trial=at,
            difference=found.value,
            interval=_interval(found, 1 - alpha),
            bound=bound if math.isfinite(bound) else Absent(absent="these rows give none"),
            shown=Hypothesis(DIFFERENCE, 0.0, above).holds(found, alpha / 2),
        )


def _interval(found: Estimate | Withheld, level: float) -> Interval | Absent:
    if isinstance(found, Withheld):
        return Absent(absent=found.reason)
    low, high = (end if math.isfinite(end) else None for end in found.interval(level))
    return Interval(low=low, high=high, level=level, method=found.method)
