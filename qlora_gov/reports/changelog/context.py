"""What a changelog is made from: one typed context, newest entries first.

As on a card, what was not measured is ``Absent`` with its reason. ``None`` in a :class:`Changed` means that there was
nothing of that name.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Literal

from pydantic import Field

from qlora_gov.records import Absent, DecisionOutcome, Frozen, Interval, Outcome


class Changed(Frozen):
    """One thing that is not as it was before, in words."""

    name: str
    before: str | None
    after: str | None


class DataChanges(Frozen):
    """What one dataset version changed against the one before it; the first one changed everything."""

    before: str | None = Field(description="id of the dataset record")
    after: str = Field(description="id of the dataset record")
    size: tuple[Changed, ...] = Field(description="rows and groups")
    sources: tuple[Changed, ...] = Field(description="added, removed, or with other files, rows or licence")
    steps: tuple[Changed, ...] = Field(description="of curation: added, removed, or with other settings")
    drops: tuple[Changed, ...] = Field(description="rows dropped, by step and reason")
    mix: tuple[Changed, ...] = Field(description="shares of the rows by property, the greatest shift first")


class RuleFinding(Frozen):
    """What one rule found on a metric; estimate and interval are of ``contrast``."""

    rule: str
    against: str = Field(description="champion or reference")
    outcome: Outcome
    contrast: str | Absent
    estimate: float | Absent
    interval: Interval | Absent


class ScoreLine(Frozen):
    """One metric on the champion of that time and on the adapter that took its place, on the same rows."""

    metric: str
    before: float | Absent
    after: float | Absent
    findings: tuple[RuleFinding, ...] = Field(description="empty where no rule is on this metric")


class AdapterChange(Frozen):
    """A promotion: what the new champion changed."""

    kind: Literal["promotion"] = "promotion"
    at: str = Field(description="when the alias moved, as its ledger entry says")
    author: str | None = Field(description="None where nobody is named")
    before: str | None = Field(description="id of the adapter record that was champion; None means the base alone")
    after: str = Field(description="id of the adapter record")
    decision: str = Field(description="id of the decision record")
    outcome: DecisionOutcome
    look: int = Field(description="which decision on its evaluation set this was, counted from 1")
    waivers: tuple[str, ...] = Field(description="ids of the waivers that the promotion rests on")
    recipe: tuple[Changed, ...] | Absent
    base: tuple[Changed, ...] = Field(description="empty where the base is the same")
    data: DataChanges | Absent | None = Field(description="None where both were trained on the same rows")
    scores: tuple[ScoreLine, ...]


class RolledBack(Frozen):
    """The champion went back to an earlier adapter, or to the base."""

    kind: Literal["rollback"] = "rollback"
    at: str
    author: str | None = Field(description="None where nobody is named")
    before: str | None = Field(description="id of the adapter record that was withdrawn")
    after: str | None = Field(description="id of the adapter record that serves again; None means the base alone")
    decision: str | None = Field(description="id of the decision that showed a regression; None where a person decided")
    regressed: tuple[str, ...] = Field(description="why each rule failed that showed it")


class Waived(Frozen):
    """Somebody's word that a decision may be acted on although a rule did not pass."""

    kind: Literal["waiver"] = "waiver"
    at: str
    author: str
    rule: str
    reason: str
    expires: date
    decision: str = Field(description="id of the decision record")


class DatasetChange(Frozen):
    """A new version of the training or the evaluation set."""

    at: str
    role: str = Field(description="training or evaluation")
    changes: DataChanges


class Changelog(Frozen):
    """A whole changelog."""

    title: str
    adapters: tuple[AdapterChange | RolledBack | Waived, ...]
    datasets: tuple[DatasetChange, ...]


def changed(before: Mapping[str, str], after: Mapping[str, str]) -> tuple[Changed, ...]:
    """What differs between two descriptions, in the order of their names."""
    return tuple(
        Changed(name=name, before=before.get(name), after=after.get(name))
        for name in sorted({*before, *after})
        if before.get(name) != after.get(name)
    )
