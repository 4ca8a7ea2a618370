"""A sweep: adapters that differ in one field of their recipe, evaluated on the same rows and compared."""

from __future__ import annotations

from pydantic import Field, JsonValue

from qlora_gov.records.parts import Absent, Interval
from qlora_gov.records.record import Frozen, Record


class Trial(Frozen):
    """One value of the field, and what was measured on the adapter that was trained with it."""

    value: JsonValue = Field(description="of the field of the recipe")
    size: int = Field(description="bytes of the adapter's files")
    measured: float | Absent = Field(description="the metric's value on all rows")
    interval: Interval | Absent = Field(description="of the value; those of all trials hold at once")


class TrialContrast(Frozen):
    """The best trial less another one, paired by row: such intervals of any two trials would hold at once."""

    trial: int = Field(description="the other one's place among the trials")
    difference: float | Absent = Field(description="the best trial's value less the other one's")
    interval: Interval | Absent = Field(description="of the difference")
    bound: float | Absent = Field(description="the one-sided bound that decides")
    shown: bool = Field(description="whether the bound shows that the best one is better")


class Sweep(Record):
    """Trials of one field of a recipe, compared by one metric.

    ``best`` has the best value, which chance may have given it; the contrasts say what the rows show. Each trial was a
    look at the rows, and is counted as one by the decisions that come later.
    """

    kind = "sweep"
    parent_fields = ("adapters", "evaluations")
    adapters: tuple[str, ...] = Field(description="of each trial the id of the adapter record")
    evaluations: tuple[str, ...] = Field(description="of each trial the id of the adapter's evaluation")
    field: str = Field(description="of the recipe, such as rank")
    metric: str = Field(description="the name of what the trials are compared by")
    higher_is_better: bool = Field(description="the metric's better direction")
    trials: tuple[Trial, ...] = Field(description="in the order in which they were asked for")
    best: int | None = Field(description="the place of the best among the trials; none where none was measured")
    contrasts: tuple[TrialContrast, ...] = Field(description="of the best one with each other one, in their order")
    alpha: float = Field(description="the chance at most that any difference is shown where there is none")
    methods: int = Field(description="the revision of the statistical methods that compared")

    @property
    def shows_best(self) -> bool:
        """Whether the best trial is shown to be better than each other one."""
        return self.best is not None and all(one.shown for one in self.contrasts)

    @property
    def not_worse(self) -> tuple[int, ...]:
        """The places of the trials that the best one is not shown to be better than, itself among them.

        The smallest adapter comes first.
        """
        if self.best is None:
            return ()
        places = [self.best, *(one.trial for one in self.contrasts if not one.shown)]
        return tuple(sorted(places, key=lambda at: (self.trials[at].size, at)))
