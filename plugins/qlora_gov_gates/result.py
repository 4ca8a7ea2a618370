"""What the rows say of a hypothesis, in the numbers that a verdict and its sentence share."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from qlora_gov import Comparison, Interval, Outcome
from qlora_gov.stats import (
    VALUE,
    Estimate,
    Hypothesis,
    Withheld,
    detectable,
    effective_rows,
    rows_for_rate,
    rows_needed,
    value_of,
)

LEVEL = 0.95
"""Of the interval that is shown; a rule's own alpha decides."""


@dataclass(frozen=True)
class TestResult:
    """A hypothesis on a comparison, what was found, and the outcome at the one-sided level ``alpha``.

    All of the numbers are None where the estimate is withheld.
    """

    comparison: Comparison
    hypothesis: Hypothesis
    found: Estimate | Withheld
    alpha: float
    outcome: Outcome

    @property
    def contrast(self) -> str:
        """What was estimated, with the name of whom the candidate is compared with."""
        return self.hypothesis.contrast.words.replace("champion", self.comparison.against)

    @property
    def interval(self) -> Interval | None:
        """The interval for the reader."""
        if isinstance(self.found, Withheld):
            return None
        low, high = self.found.interval(LEVEL)
        return Interval(low=_finite(low), high=_finite(high), level=LEVEL, method=self.found.method)

    @property
    def bound(self) -> float | None:
        """The bound that decides: that which had to clear the limit or, where the hypothesis fails, lies beyond it."""
        if isinstance(self.found, Withheld):
            return None
        low, high = self.found.bounds(self.alpha)
        return _finite(low if self.hypothesis.above != (self.outcome is Outcome.FAIL) else high)

    @property
    def detectable(self) -> float | None:
        """The distance of the truth from the limit that these rows show in 4 of 5 cases."""
        return None if isinstance(self.found, Withheld) else _finite(detectable(self.found, self.alpha))

    @cached_property
    def rows_needed(self) -> int | None:
        """Rows, clustered as these are, that show what was found, on whichever side of the limit it lies."""
        return None if isinstance(self.found, Withheld) else self._rows(self.found, self.found.value)

    @cached_property
    def rows_planned(self) -> int | None:
        """Rows that pass two sides that are alike or, for a limit, a candidate as found; None where none do."""
        if isinstance(self.found, Withheld):
            return None
        found, limit = self.found, self.hypothesis.limit
        truth = found.value if self.hypothesis.contrast is VALUE else self._of_equals()
        if not (truth > limit if self.hypothesis.above else truth < limit):
            return None
        return self.rows_needed if self.hypothesis.contrast is VALUE else self._rows(found, truth)

    def _of_equals(self) -> float:
        """The contrast of the baseline with itself."""
        baseline = value_of(self.comparison.baseline, self.comparison.metric)
        value = np.asarray(baseline if isinstance(baseline, float) else np.nan)
        return float(self.hypothesis.contrast.function(value, value))

    def _rows(self, found: Estimate, truth: float) -> int | None:
        limit = self.hypothesis.limit
        if not (self.hypothesis.contrast is VALUE and self.comparison.metric.binary):
            return rows_needed(found, truth - limit, self.alpha)
        # A rate above its limit is one of misses below theirs.
        sides = (limit, truth) if truth < limit else (1 - limit, 1 - truth)
        independent = rows_for_rate(*sides, self.alpha)
        clusters = self.comparison.clusters
        return None if independent is None else math.ceil(independent * clusters.size / effective_rows(clusters))


def _finite(number: float) -> float | None:
    return number if math.isfinite(number) else None
