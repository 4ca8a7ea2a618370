"""The settings of the rules."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from qlora_gov import Settings


class RuleSettings(Settings):
    """What every rule takes: the chance that it may pass a candidate exactly on its limit."""

    alpha: float = Field(default=0.05, gt=0, lt=0.5)


class NonInferiorSettings(RuleSettings):
    """A margin in the metric's units (absolute) or as a share of the champion (relative); else as the metric says."""

    margin: float = Field(gt=0, allow_inf_nan=False)
    kind: Literal["absolute", "relative"] | None = None


class ImprovesSettings(RuleSettings):
    """By how much the candidate must be better, in the metric's units."""

    by: float = Field(default=0.0, ge=0, allow_inf_nan=False)


class LimitSettings(RuleSettings):
    """A limit in the metric's units."""

    limit: float = Field(allow_inf_nan=False)
