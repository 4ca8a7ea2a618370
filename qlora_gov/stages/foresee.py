"""Foresee: what a policy could make of some rows, before anybody has answered them.

Each gate that is foreseeable is asked about made-up answers: the best that there can be, and two sides that are alike.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from qlora_gov.plugin.looks import Earlier, RowLooks
from qlora_gov.plugin.specs import Comparison, Floats, Gate, MetricScale, MetricTraits, ratio
from qlora_gov.records import Outcome, Policy, Rule
from qlora_gov.records.example import Example
from qlora_gov.records.table import cluster_numbers, labels_of
from qlora_gov.stages.asking import RAISED, ask
from qlora_gov.stages.judged import not_fresh, rows_where

Made = Callable[[int], Iterator[tuple[Floats, Floats]]]
"""Made-up scores ``[rows]`` of both sides, one after the other, for so many rows."""
MOST_ROWS = 20_000
"""No more rows are tried than these, and a tenth where an interval is bootstrapped in any case."""
SPREAD = 1e-3
"""How far made-up scores lie apart, as a share of the metric's range: no spread at all gives no interval."""
FAR = 1e9
"""A score that is better than any limit, where nothing is known of a metric's range."""


@dataclass(frozen=True)
class Foreseen:
    """What some rows can show of a rule.

    ``never`` says why no answers could pass it, as the end of a sentence; ``better`` that only a candidate better than
    its baseline could. ``rows_needed`` is the fewest rows of this kind that could pass it, on two sides that are alike
    where the rule compares; None where that is more than were tried.
    """

    rule: Rule
    rows: int
    rows_needed: int | None
    never: str | None = None
    better: bool = False

    @property
    def sentence(self) -> str | None:
        """What to tell before anything is trained, if anything."""
        takes = f"; it takes {self.rows_needed:,} rows like these" if self.rows_needed else ""
        if self.never is not None:
            return f"{self.rule.name!r} cannot pass on these {self.rows:,} rows{self.never}{takes}"
        if self.better:
            return (
                f"{self.rule.name!r} can pass on these {self.rows:,} rows only where the candidate is better than the "
                f"{self.rule.against}, not where they are alike{takes}"
            )
        return None


def foresee_rules(
    policy: Policy,
    gates: Mapping[str, Gate],
    scales: Mapping[str, MetricScale],
    examples: Sequence[Example],
    earlier: Earlier,
) -> list[Foreseen]:
    """What the rows can show of each rule that has one of the ``gates``, which must be foreseeable."""
    rules = [rule for rule in policy.rules if rule.name in gates]
    return [_Rows(policy, rule, scales[rule.metric], examples, earlier).ask(gates[rule.name]) for rule in rules]


def hopeless(policy: Policy, foreseen: Sequence[Foreseen]) -> list[Foreseen]:
    """The rules for which no answers to these rows could be approved."""
    never = [one for one in foreseen if one.never is not None]
    if policy.inconclusive == "tolerated" and len(never) < len(policy.rules):  # one rule at least has to pass
        return [one for one in never if one.rule.name in policy.required]
    return never


class _Rows:
    """The rows that a rule judges, as often over as one likes: further rows are fresh, and clustered as these are."""

    def __init__(
        self, policy: Policy, rule: Rule, scale: MetricScale, examples: Sequence[Example], earlier: Earlier
    ) -> None:
        self.policy, self.rule, self.scale = policy, rule, scale
        labels = labels_of(examples)
        self.judged = np.flatnonzero(rows_where(rule, labels, len(examples)))
        self.clusters = cluster_numbers([examples[row].group for row in self.judged.tolist()])
        self.labels = {name: [values[row] for row in self.judged.tolist()] for name, values in labels.items()}
        self.looks = earlier.at(rule.component).part(self.judged)

    @property
    def rows(self) -> int:
        return int(self.judged.size)

    def ask(self, gate: Gate) -> Foreseen:
        """Ask a gate of the rows at hand, and of more where it passes nothing there."""
        rows = self.rows
        if not rows:
            return Foreseen(self.rule, 0, None, ", since it judges none")
        if self.policy.further_looks == "fresh_rows" and self.looks.counts.any():
            return Foreseen(self.rule, rows, None, f": {not_fresh(self.looks.counts)}")
        tried = ask(gate, self._comparison(*next(self.alike(rows))), {})
        if tried.reason.startswith(RAISED):
            return Foreseen(self.rule, rows, None, f": {tried.reason}")
        alike = self._passes(gate, rows, self.alike)
        if alike or self._passes(gate, rows, self.better):
            least = rows if alike else None
            needed = self._fewest(gate, self.alike, least)
            compares = needed is not None and not alike
            return Foreseen(self.rule, rows, needed, better=compares)
        needed = self._fewest(gate, self.alike, None) or self._fewest(gate, self.better, None)
        return Foreseen(self.rule, rows, needed, ", whatever the candidate answers")

    def alike(self, rows: int) -> Iterator[tuple[Floats, Floats]]:
        """Two sides that are as good as can be and do not differ, or by chance alone."""
        good, bad = self._ends() if self.scale.range else (1.0, 2.0)
        if self.scale.binary:
            yield np.full(rows, good), np.full(rows, good)
            some = np.where(np.arange(rows) % 20 < 1, bad, good)  # an interval takes some rows that differ
            yield some, np.roll(some, 7)
        else:
            noise = self._noise(rows)
            yield self._near(good, bad, noise), self._near(good, bad, noise[::-1])

    def better(self, rows: int) -> Iterator[tuple[Floats, Floats]]:
        """A candidate as good as can be, and a baseline that is worse."""
        good, bad = self._ends()
        if self.scale.binary:
            yield np.full(rows, good), np.full(rows, bad)
            yield np.full(rows, good), np.where(np.arange(rows) % 2 < 1, bad, good)
            return
        noise = self._noise(rows)
        yield self._near(good, bad, noise), self._near(bad, good, noise[::-1])
        if self.scale.range is None and not self.scale.higher_is_better:
            yield -FAR * (1 + noise), self._near(bad, good, noise[::-1])

    def _ends(self) -> tuple[float, float]:
        """The best and the worst value, or something like them."""
        low, high = self.scale.range or ((1.0, FAR) if self.scale.higher_is_better else (1 / FAR, 1.0))
        low, high = max(low, -FAR), min(high, FAR)
        return (high, low) if self.scale.higher_is_better else (low, high)

    def _noise(self, rows: int) -> Floats:
        """Evenly spaced numbers from 0 to 1, in an order that has nothing to do with clusters."""
        return np.random.default_rng(0).permutation(np.linspace(0, 1, rows))

    def _near(self, value: float, other: float, noise: Floats) -> Floats:
        """Scores near a value, on the side of another one."""
        away = min(abs(other - value), max(abs(value), 1.0)) * SPREAD
        return value + math.copysign(away, other - value) * noise

    def _fewest(self, gate: Gate, made: Made, low: int | None) -> int | None:
        """The fewest rows on which made-up answers pass, by doubling and halving."""
        high = low or self.rows
        low = 0 if low else self.rows
        while not self._passes(gate, high, made):
            low, high = high, 2 * high
            if high > (MOST_ROWS if self.scale.binary else MOST_ROWS // 10):
                return None
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (low, middle) if self._passes(gate, middle, made) else (middle, high)
        return high

    def _passes(self, gate: Gate, rows: int, made: Made) -> bool:
        return any(ask(gate, self._comparison(*sides), {}).outcome is Outcome.PASS for sides in made(rows))

    def _comparison(self, candidate: Floats, baseline: Floats) -> Comparison:
        rows = candidate.size
        at, round_ = np.arange(rows) % self.rows, np.arange(rows) // self.rows
        looks = RowLooks(np.where(round_ > 0, 0.0, self.looks.counts[at]), self.looks.weights[at])
        if self.policy.further_looks != "halve_alpha" or (rows > self.rows and self.policy.looks_by == "set"):
            looks = RowLooks.alike(0, rows)
        scale, ones = self.scale, np.ones(rows)
        traits = MetricTraits(scale.name, scale.higher_is_better, scale.margin, scale.binary, ratio)
        return Comparison(
            traits,
            np.column_stack([candidate, ones]),
            np.column_stack([baseline, ones]),
            self.clusters[at] + round_ * (self.clusters.max() + 1),
            {name: [values[row] for row in at.tolist()] for name, values in self.labels.items()},
            self.rule.against,
            looks.scale,
            looks=looks,
        )
