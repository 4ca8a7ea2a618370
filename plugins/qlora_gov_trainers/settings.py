"""The recipe of ``nf4-qlora``: the playbook's presets, and what of them a project changes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from pydantic import Field

from qlora_gov import Settings
from qlora_gov_trainers.recipe import RANKS, Recipe, Values
from qlora_gov_trainers.trackers import Tracker, require_trackers


class EarlyStopping(Settings):
    """When a training ends before its steps do, by the loss of rows that it is kept clear of."""

    share: float = Field(gt=0, lt=1, description="share of the training rows that is set apart, in whole groups")
    every: int = Field(ge=1, description="steps between two looks at their loss; the last step has one, too")
    patience: int = Field(ge=1, description="looks without a lower loss after which the training stops")


class Nf4QloraSettings(Recipe):
    """Settings of ``nf4-qlora``. Without ``alpha``, a rank that is not the preset's own gets twice the rank.

    ``micro_batch`` counts rows, ``accumulation`` micro batches in an optimiser step, ``max_length`` tokens of a row.
    """

    presets: ClassVar[Mapping[str, Values]] = {
        **RANKS,
        # A few hundred rows make too few steps for the playbook's accumulation and warm-up to end.
        "demo": {"rank": 16, "alpha": 32, "accumulation": 1, "warmup_steps": 5, "epochs": 1, "learning_rate": 2e-3},
    }
    beyond: ClassVar[tuple[str, ...]] = (*Recipe.beyond, "lora_plus_ratio", "early_stopping")

    dropout: float = Field(default=0.05, ge=0, lt=1, description="share of the adapter's inputs that is dropped")
    lora_plus_ratio: float = Field(
        default=1, ge=1, description="how many times as fast as the matrices A the matrices B learn (LoRA+)"
    )
    early_stopping: EarlyStopping | None = Field(
        default=None, description="stop by the loss of some training rows, and keep the adapter that had the lowest"
    )
    memory_budget: str = Field(
        default="22GB",
        pattern=r"^(auto|\d+(\.\d+)?GB)$",
        description="of a CUDA device; decides what a step keeps and what it computes again; auto: all that is free",
    )
    # Who watches a training changes nothing of it: not recorded as a setting, it is no part of the recipe's identity.
    trackers: tuple[Tracker, ...] = Field(
        default=(), exclude=True, description="experiment trackers that the training reports to"
    )

    def require(self) -> None:
        """Raise PluginError, with what to run, for a tracker that is not installed."""
        require_trackers(self.trackers)
