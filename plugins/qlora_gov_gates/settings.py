"""The settings of the rules."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import Field, model_validator

from qlora_gov import MetricTraits, Settings

Kind = Literal["absolute", "relative"]
Margin = Annotated[float, Field(gt=0)]


class RuleSettings(Settings):
    """What every rule takes: the chance that it may pass a candidate exactly on its limit."""

    alpha: float = Field(default=0.05, gt=0, lt=0.5, description="one-sided level of the test")


class NonInferiorSettings(RuleSettings):
    """A margin in the metric's units (absolute) or as a share of the champion (relative); else as the metric says."""

    margin: Margin = Field(description="how much worse than the baseline is still good enough")
    kind: Kind | None = Field(default=None, description="what the margin is of; default: as the metric declares")

    def kind_for(self, metric: MetricTraits) -> Kind:
        """The kind that the rule says, else the one that the metric declares."""
        return self.kind or metric.margin


class NoRegressedSliceSettings(NonInferiorSettings):
    """What to slice ``by``: a label of the examples. Slices have fewer rows than the whole, and so wider margins.

    ``margins`` gives single slices a margin of their own. ``slices`` are the ones to judge, or else all that occur;
    one that is named in either and has no rows is inconclusive.
    """

    by: str = Field(min_length=1, description="the label whose values are the slices, such as intent")
    margins: Mapping[str, Margin] = Field(default_factory=dict, description="margins of single slices")
    slices: tuple[str, ...] | None = Field(
        default=None, min_length=1, description="the slices to judge; default: all that occur"
    )

    @model_validator(mode="after")
    def _consistent(self) -> NoRegressedSliceSettings:
        if self.slices is not None and (unknown := sorted(set(self.margins) - set(self.slices))):
            raise ValueError(f"margins names {unknown[0]!r}, which is not among the slices")
        return self


class ImprovesSettings(RuleSettings):
    """By how much the candidate must be better, in the metric's units."""

    by: float = Field(default=0.0, ge=0, description="how much better the candidate must be")


class LimitSettings(RuleSettings):
    """A limit in the metric's units."""

    limit: float = Field(description="what the value is held against")
