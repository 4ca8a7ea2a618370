"""What a gate says of a candidate."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Literal

from pydantic import Field

from qlora_gov.canonical import short_id
from qlora_gov.records.parts import Absent, Interval
from qlora_gov.records.policy import Against, Rule
from qlora_gov.records.record import Frozen, Record
from qlora_gov.records.upgrades import name_baseline


class Outcome(StrEnum):
    """A verdict's outcome."""

    PASS = "PASS"  # noqa: S105 - not a password
    FAIL = "FAIL"
    INCONCLUSIVE = "INCONCLUSIVE"

    @property
    def rank(self) -> int:
        """0 for what a reader must see first: a failure, then what could not tell, then what passed."""
        return (Outcome.FAIL, Outcome.INCONCLUSIVE, Outcome.PASS).index(self)


ContrastKind = Literal["value", "difference", "scaled_difference", "log_ratio"]
"""What an estimate is of a candidate's value c and a baseline's b: c, c - b, c - factor x b, or log(c / b)."""

EDITION = 2
"""The edition of the reports of a decision that is made now; older decisions are shown in the one that they name."""

NO_DIFFERENCE_IS_ZERO = ("difference", "log_ratio")
"""The kinds of contrast that are 0 where two sides are alike, whatever their value is."""


class SliceFinding(Frozen):
    """One slice of the rows under a rule."""

    slice: str = Field(description="the label's value")
    outcome: Outcome = Field(description="what these rows show")
    reason: str = Field(description="the same in words")
    estimate: float | None = Field(default=None, description="of the rule's contrast")
    interval: Interval | None = Field(default=None, description="of the estimate")
    threshold: float = Field(description="the limit, or the margin as a value of the contrast")
    rows: int = Field(description="rows of the slice")
    clusters: int = Field(description="groups of rows that share a source")
    candidate: float | Absent = Field(description="the candidate's value")
    baseline: float | Absent = Field(description="the value of whom the rule compares with")


class Verdict(Frozen):
    """One rule's outcome, with all that a reader needs to judge it.

    ``baseline`` is the value of whom the rule compares with, the champion or the reference. The last four numbers
    say what the rows could show: a gate that gives none leaves them out.
    """

    outcome: Outcome = Field(description="PASS, FAIL or INCONCLUSIVE")
    reason: str = Field(description="the same in words")
    contrast: str | None = Field(default=None, description="what was estimated, in words")
    contrast_kind: ContrastKind | None = Field(
        default=None, description="what the estimate is of the two values; none where it is nothing of these"
    )
    estimate: float | None = Field(default=None, description="of the contrast")
    interval: Interval | None = Field(default=None, description="of the estimate, two-sided, for the reader")
    threshold: float | None = Field(default=None, description="the limit, or the margin as a value of the contrast")
    rows: int | None = Field(default=None, description="rows that were judged")
    clusters: int | None = Field(default=None, description="groups of rows that share a source")
    candidate: float | Absent | None = Field(default=None, description="the candidate's value")
    baseline: float | Absent | None = Field(default=None, description="the value of whom the rule compares with")
    alpha: float | None = Field(default=None, description="the one-sided level that the rule was tested at")
    bound: float | None = Field(default=None, description="the one-sided bound that decides")
    detectable: float | None = Field(default=None, description="the distance from the threshold shown in 4 of 5 cases")
    rows_needed: int | None = Field(default=None, description="rows that show the distance found, in 4 of 5 cases")
    rows_planned: int | None = Field(
        default=None,
        description="rows that decide in 4 of 5 cases where both sides are alike; none where no number of rows would",
    )
    slices: tuple[SliceFinding, ...] = Field(
        default=(), description="what was found on each slice, the worst first; empty where the rule looks at none"
    )


class RuleVerdict(Frozen):
    """A rule of the policy and what came of it."""

    rule: Rule
    verdict: Verdict
    notice: str | None = Field(
        default=None, description="what is wrong with the measurement, where no duty of the project binds on it"
    )


class EqualAnswers(Frozen):
    """How many of the candidate's answers are those of whom it is compared with, letter for letter."""

    against: Against = Field(description="whom it is compared with")
    adapter: str | None = Field(default=None, description="the adapter that answered there; none: the base alone")
    equal: int = Field(description="rows of which both answers are the same text")
    rows: int = Field(description="rows that both sides answered")

    @property
    def notice(self) -> str | None:
        """What equal answers are a sign of, where all of them are; one row alone may well be answered alike."""
        if self.rows < 2 or self.equal < self.rows:
            return None
        who = f"the {self.against}'s" if self.adapter else f"those of the {self.against}, the base without an adapter"
        return f"all {self.rows:,} answers are {who}, letter for letter: was the adapter applied?"


class DecisionOutcome(StrEnum):
    """What a decision says of the candidate."""

    APPROVED = "APPROVED"
    REFUSED = "REFUSED"
    INCONCLUSIVE = "INCONCLUSIVE"


class Decision(Record):
    """All verdicts under one policy: approved only where every rule passes.

    Where ``looks`` are None, every decision on the same set was counted as one look, and ``look`` is all that binds.
    """

    kind = "decision"
    upgrades = (name_baseline,)
    parent_fields = ("policy", "candidate", "champion", "reference", "passed_over", "trials")
    policy: str
    candidate: str
    champion: str
    reference: str | None = Field(default=None, description="the evaluation of the policy's pinned reference")
    adapter: str = Field(description="the candidate's adapter")
    verdicts: tuple[RuleVerdict, ...]
    outcome: DecisionOutcome
    exploratory: bool = Field(description="the policy was recorded after the candidate answered")
    look: int = Field(description="how many decisions this evaluation set has now seen, this one included")
    methods: int = Field(default=1, description="the revision of the statistical methods that judged")
    looks: Mapping[str, float] | None = Field(
        default=None, description="by rule, how many earlier decisions judged a row of it on average"
    )
    untested: tuple[str, ...] = Field(
        default=(), description="names of rules that no gate was asked about, as something was not measured"
    )
    mended: tuple[str, ...] = Field(
        default=(), description="metrics whose code is younger than the answers: that in force gave no number for them"
    )
    answers: tuple[EqualAnswers, ...] = Field(
        default=(), description="how many answers are equal, against each side whose answers are on record"
    )
    passed_over: tuple[str, ...] | None = Field(
        default=None,
        description="evaluations of either side that it could have been on as well and that no decision judged: each "
        "is a look at its rows where those are counted by row; none where nobody counted them",
    )
    trials: tuple[str, ...] = Field(
        default=(),
        description="evaluations of the trials of sweeps on these rows that no decision judged: each is a look at its "
        "rows, since an adapter may be chosen by them",
    )
    edition: int = Field(default=1, description="how reports lay it out and round its figures: what was written stays")

    @property
    def notices(self) -> tuple[str, ...]:
        """What a reader should know that no verdict says."""
        equal = (one.notice for one in self.answers)
        told = (f"{item.rule.name}: {item.notice}" for item in self.verdicts if item.notice is not None)
        passed_over = (_passed_over(self.passed_over),) if self.passed_over else ()
        tried = (_tried(self.trials),) if self.trials else ()
        return (*(notice for notice in equal if notice is not None), *told, *passed_over, *tried)

    @property
    def undecided(self) -> tuple[str, ...]:
        """Evaluations that were looked at and that no decision judged."""
        return (*(self.passed_over or ()), *self.trials)

    @property
    def sides(self) -> dict[str, str]:
        """The ids of the evaluations that it compares, by what rules call their side, the candidate first."""
        reference = {} if self.reference is None else {"reference": self.reference}
        return {"candidate": self.candidate, "champion": self.champion} | reference

    @property
    def unmeasured(self) -> frozenset[str]:
        """The components of which it tested no rule, although one asked for them: it was no look at these.

        Of an older decision, whose record does not say it, those are meant that had no value on one side.
        """
        tested: dict[str, bool] = {}
        for item in self._on_metrics:
            verdict, metric = item.verdict, item.rule.component
            absent = any(isinstance(value, Absent) for value in (verdict.candidate, verdict.baseline))
            untested = absent if self.looks is None else item.rule.name in self.untested
            tested[metric] = tested.get(metric, False) or not untested
        return frozenset(metric for metric, was in tested.items() if not was)

    @property
    def tested(self) -> bool:
        """Whether it tested any rule; one that measured nothing at all was no look at anything."""
        return len(self.unmeasured) < len({item.rule.component for item in self._on_metrics}) or not self.verdicts

    @property
    def _on_metrics(self) -> tuple[RuleVerdict, ...]:
        """Verdicts that infer something: on answers, which are counted, every decision is as good as the first."""
        return tuple(item for item in self.verdicts if item.rule.judges == "metric")

    @property
    def whole_looks(self) -> int | None:
        """How many decisions before it judged all of its rows by each rule; None where that is not one number."""
        if self.looks is None:
            return self.look - 1
        numbers = set(self.looks.values()) or {0.0}
        return int(min(numbers)) if len(numbers) == 1 and min(numbers).is_integer() else None


def _passed_over(evaluations: Sequence[str]) -> str:
    """What a reader should know of evaluations that were there and that no decision judged."""
    some = "another evaluation" if len(evaluations) == 1 else f"{len(evaluations):,} other evaluations"
    was = "was" if len(evaluations) == 1 else "were"
    ids = ", ".join(map(short_id, evaluations))
    return f"{some} of the same subjects on these rows, or some of them, {was} on record and not judged: {ids}"


def _tried(evaluations: Sequence[str]) -> str:
    """What a reader should know of trials that this adapter may have been chosen from."""
    one, ids = len(evaluations) == 1, ", ".join(map(short_id, evaluations))
    trials = "another trial of a sweep" if one else f"{len(evaluations):,} other trials of sweeps"
    return f"{trials} on these rows, or some of them, {'is a look' if one else 'are looks'} at them: {ids}"


def look_number(looks: Mapping[str, float]) -> int:
    """Which look at its rows a decision is, by those that its rules' rows had had: a part of one is counted as one."""
    return 1 + math.ceil(max(looks.values(), default=0.0))
