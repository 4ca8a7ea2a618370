"""Plan: how many rows decide a rule in 4 of 5 cases, from the spread of an evaluation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import bdtr, bdtrc

from qlora_gov.records import Rule, RuleVerdict, Verdict
from qlora_gov.records.table import labels_of
from qlora_gov.stages.gate import GateInput
from qlora_gov.stages.judged import measured, rows_where
from qlora_gov.stats import METHODS, no_worse

POWER = 0.8
"""The chance of a PASS that rows are planned for."""
MOST_ROWS = 20_000
"""More rows are planned for by the normal distribution, which is as good there."""
NEGLIGIBLE = 1e-9


@dataclass(frozen=True)
class Planned:
    """A rule's verdict with the rows to plan for, and whether these are ``exact`` or go by the normal distribution."""

    rule: Rule
    verdict: Verdict
    exact: bool


def planned(items: Sequence[RuleVerdict], given: GateInput) -> tuple[Planned, ...]:
    """The verdicts of a comparison with the rows to plan for, by exact chances where the rule's method has them."""
    return tuple(_planned(item, given) for item in items)


def _planned(item: RuleVerdict, given: GateInput) -> Planned:
    rule, verdict = item.rule, item.verdict
    measure = next((one for one in given.measures if one.traits.name == rule.metric), None)
    known = verdict.rows is not None and verdict.alpha is not None and verdict.threshold is not None
    independent = verdict.rows == verdict.clusters and not verdict.slices
    if measure is None or not (known and measure.traits.binary and independent):
        return Planned(rule, verdict, exact=False)
    if verdict.contrast_kind != "difference" or verdict.rows_planned is None or verdict.rows_planned > MOST_ROWS:
        return Planned(rule, verdict, exact=verdict.contrast_kind == "value")
    rows = _rows_for_pairs(_discordant(rule, given), verdict, given.methods)
    return Planned(rule, verdict.model_copy(update={"rows_planned": rows}), exact=True)


def _discordant(rule: Rule, given: GateInput) -> float:
    """The share of rows that only one side gets right; one more than found, as none does not mean that none can be."""
    measure = next(one for one in given.measures if one.traits.name == rule.metric)
    rows = rows_where(rule, labels_of(given.examples), len(given.examples))
    sides = (given.candidate, given.baselines[rule.against])
    one, other = (side.scores(measured(side.evaluation, measure)[0])[0][rows, 0] for side in sides)
    return float((np.count_nonzero(one != other) + 1) / (rows.sum() + 1))


def _rows_for_pairs(discordant: float, verdict: Verdict, methods: int) -> int | None:
    """The fewest rows on which two sides that are alike, and differ on such a share of rows, pass in 4 of 5 cases.

    Found by halving from the number that the normal distribution gives; the chance saws up and down a little.
    """
    assert verdict.threshold is not None
    assert verdict.alpha is not None
    assert verdict.rows_planned is not None
    margin, alpha = abs(verdict.threshold), verdict.alpha
    low, high = 0, verdict.rows_planned
    while chance_of_pass(high, discordant, margin, alpha, methods) < POWER:
        low, high = high, high + max(high // 4, 1)
        if high > MOST_ROWS:
            return None
    low = max(low, high // 3)
    while high - low > 1:
        middle = (low + high) // 2
        enough = chance_of_pass(middle, discordant, margin, alpha, methods) >= POWER
        low, high = (low, middle) if enough else (middle, high)
    return high


def chance_of_pass(rows: int, discordant: float, margin: float, alpha: float, methods: int) -> float:
    """The chance that a paired difference of rates passes an absolute margin, where the sides are alike.

    Summed over the rows that only the baseline, and then those that only the candidate, gets right; ``discordant`` is
    the share of both together. The rule is the same in either direction.
    """
    rule, half = no_worse(margin, "absolute", higher_is_better=True), discordant / 2
    chance, least = 0.0, 0
    for lost in range(rows + 1):
        likely = bdtr(lost, rows, half) - (bdtr(lost - 1, rows, half) if lost else 0.0)
        if likely < NEGLIGIBLE and lost > rows * half:
            break
        while least <= rows - lost and not rule.holds(METHODS[methods].paired_score(least, lost, rows), alpha):
            least += 1
        if least > rows - lost:
            break
        gains = 1.0 if least == 0 else float(bdtrc(least - 1, rows - lost, half / (1 - half)))
        chance += likely * gains
    return chance
