"""An evaluated subject as the gate and the verifier need it, and how many answers two of them share."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from qlora_gov.plugin.specs import Bools, Floats, MetricTraits, ratio
from qlora_gov.records import EqualAnswers, Evaluation
from qlora_gov.records.policy import Against
from qlora_gov.records.table import Table, equal_answers

ANSWERS_DIFFER = MetricTraits("answers", True, "absolute", True, ratio)
"""What stands for a metric where a rule judges the answers themselves: the share of those that differ."""
TRAINED_ON = MetricTraits("data", False, "absolute", False, ratio)
"""What stands for one where a rule judges what a candidate was trained on; it has no value."""

_AGAINST: tuple[Against, ...] = ("champion", "reference")


@dataclass(frozen=True)
class Side:
    """One evaluated subject: its record, and a reader of one measurement's statistics ``[n, k]`` and scored rows.

    ``notes`` are those on the log of an imported one: of a score that was left out, its name and why. ``answers`` reads
    what it said, None where nothing of that is on record; ``adapter`` is the id of the one that answered, None where
    the base alone did.
    """

    evaluation: Evaluation
    scores: Callable[[int], tuple[Floats, Bools]]
    notes: tuple[str, ...] = ()
    answers: Callable[[], Table | None] = lambda: None
    adapter: str | None = None


def equal_rows(candidate: Side, other: Side) -> Bools | None:
    """The rows ``[n]`` that both sides answered with the same text; None where a side's answers are not on record."""
    mine, theirs = candidate.answers(), other.answers()
    return None if mine is None or theirs is None else equal_answers(mine, theirs)


def stats_of_answers(equal: Bools) -> tuple[Floats, Floats]:
    """Statistics ``[n, 2]`` of both sides: of each row whether the answer is another, as a baseline's own is not."""
    ones = np.ones(equal.size)
    return np.column_stack([~equal, ones]), np.column_stack([np.zeros(equal.size), ones])


def counted_answers(candidate: Side, baselines: Mapping[str, Side]) -> tuple[EqualAnswers, ...]:
    """How many answers are equal, against each side whose answers are on record."""
    found = {who: equal_rows(candidate, baselines[who]) for who in _AGAINST if who in baselines}
    return tuple(
        EqualAnswers(against=who, adapter=baselines[who].adapter, equal=int(equal.sum()), rows=equal.size)
        for who, equal in found.items()
        if equal is not None
    )
