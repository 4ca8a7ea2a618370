"""What a changelog is made from: one typed context, newest entries first.

As on a card, what was not measured is ``Absent`` with its reason.
"""

from __future__ import annotations

from datetime import date
from typing import Literal

from pydantic import Field

from qlora_gov.records import Absent, DecisionOutcome, Frozen, Interval, Outcome
from qlora_gov.reports.dataset.context import Changed, DataChanges


class RuleFinding(Frozen):
    """What one rule found on a metric; estimate and interval are of ``contrast``."""

    rule: str = Field(description="the rule's name")
    against: str = Field(description="champion or reference")
    outcome: Outcome = Field(description="PASS, FAIL or INCONCLUSIVE")
    contrast: str | Absent = Field(description="what was estimated, in words")
    estimate: float | Absent = Field(description="of the contrast")
    interval: Interval | Absent = Field(description="of the estimate")


class ScoreLine(Frozen):
    """One metric on the champion of that time and on the adapter that took its place, on the same rows."""

    metric: str = Field(description="what rules call it")
    before: float | Absent = Field(description="the champion's value")
    after: float | Absent = Field(description="the new champion's value")
    findings: tuple[RuleFinding, ...] = Field(description="empty where no rule is on this metric")


class AdapterChange(Frozen):
    """A promotion: what the new champion changed."""

    kind: Literal["promotion"] = Field(default="promotion", description="tells the kinds of entries apart")
    at: str = Field(description="when the alias moved, as its ledger entry says")
    author: str | None = Field(description="None where nobody is named")
    before: str | None = Field(description="id of the adapter record that was champion; None means the base alone")
    after: str = Field(description="id of the adapter record")
    decision: str = Field(description="id of the decision record")
    outcome: DecisionOutcome = Field(description="of the decision")
    look: int = Field(description="which decision on its evaluation set this was, counted from 1")
    waivers: tuple[str, ...] = Field(description="ids of the waivers that the promotion rests on")
    recipe: tuple[Changed, ...] | Absent = Field(description="settings of the trainer that differ")
    base: tuple[Changed, ...] = Field(description="empty where the base is the same")
    data: DataChanges | Absent | None = Field(description="None where both were trained on the same rows")
    scores: tuple[ScoreLine, ...] = Field(description="each metric")


class RolledBack(Frozen):
    """The champion went back to an earlier adapter, or to the base."""

    kind: Literal["rollback"] = Field(default="rollback", description="tells the kinds of entries apart")
    at: str = Field(description="when the alias moved, as its ledger entry says")
    author: str | None = Field(description="None where nobody is named")
    before: str | None = Field(description="id of the adapter record that was withdrawn")
    after: str | None = Field(description="id of the adapter record that serves again; None means the base alone")
    decision: str | None = Field(description="id of the decision that showed a regression; None where a person decided")
    regressed: tuple[str, ...] = Field(description="why each rule failed that showed it")


class Waived(Frozen):
    """Somebody's word that a decision may be acted on although a rule did not pass."""

    kind: Literal["waiver"] = Field(default="waiver", description="tells the kinds of entries apart")
    at: str = Field(description="when it was put on record")
    author: str = Field(description="who answers for it")
    rule: str = Field(description="the rule's name")
    reason: str = Field(description="why, in the author's words")
    expires: date = Field(description="the last day (UTC) on which it holds")
    decision: str = Field(description="id of the decision record")


class DatasetChange(Frozen):
    """A new version of the training or the evaluation set."""

    at: str = Field(description="when it was put on record")
    role: str = Field(description="training or evaluation")
    changes: DataChanges = Field(description="against the version before")


class Changelog(Frozen):
    """A whole changelog."""

    title: str = Field(description="the project's")
    adapters: tuple[AdapterChange | RolledBack | Waived, ...] = Field(
        description="promotions, rollbacks and waivers, the newest first"
    )
    datasets: tuple[DatasetChange, ...] = Field(description="dataset versions, the newest first")
