"""What the report of a sweep is made from."""

from __future__ import annotations

from pydantic import Field

from qlora_gov.records import Absent, Frozen, Interval


class TrialLine(Frozen):
    """One trial."""

    value: str = Field(description="of the field of the recipe")
    recipe: str = Field(description="other settings that differ between the trials, as alpha does with rank")
    measured: float | Absent = Field(description="the metric's value on all rows")
    interval: Interval | Absent = Field(description="of the value; those of all trials hold at once")
    size: int = Field(description="bytes of the adapter's files")
    seconds: float | Absent = Field(description="that the training took, as its ledger entry says")
    adapter: str = Field(description="id of the adapter record")
    evaluation: str = Field(description="id of its evaluation")
    best: bool = Field(description="whether its value is the best")


class ContrastLine(Frozen):
    """The best trial less another one, on the same rows."""

    value: str = Field(description="the other trial's value of the field")
    difference: float | Absent = Field(description="the best trial's value of the metric less the other one's")
    interval: Interval | Absent = Field(description="of the difference")
    shown: bool = Field(description="whether the rows show that the best one is better")


class SweepReport(Frozen):
    """A whole sweep."""

    title: str = Field(description="the project's")
    id: str = Field(description="id of the sweep's record")
    field: str = Field(description="of the recipe, such as rank")
    metric: str = Field(description="what the trials are compared by")
    higher_is_better: bool = Field(description="the metric's better direction")
    rows: int = Field(description="evaluation rows that every trial answered")
    trials: tuple[TrialLine, ...] = Field(description="in the order in which they were asked for")
    contrasts: tuple[ContrastLine, ...] = Field(description="of the best one with each other one")
    conclusion: str = Field(description="what the rows show, in a sentence")
    looks: str = Field(description="what the trials mean for a decision, in a sentence")
    alpha: float = Field(description="the chance at most that any difference is shown where there is none")
