"""The recipe: the playbook's presets, and what of them a project changes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from pydantic import Field, model_validator

from qlora_gov import Settings

Preset = Literal["instruction", "classification", "demo"]

PRESETS: Mapping[str, Mapping[str, Any]] = {
    "instruction": {"rank": 64, "alpha": 32},
    "classification": {"rank": 32, "alpha": 64},
    # A few hundred rows make too few steps for the playbook's accumulation and warm-up to end.
    "demo": {"rank": 16, "alpha": 32, "accumulation": 1, "warmup_steps": 5, "epochs": 1, "learning_rate": 2e-3},
}


class Nf4QloraSettings(Settings):
    """Settings of ``nf4-qlora``. Without ``alpha``, a rank that is not the preset's own gets twice the rank.

    ``micro_batch`` counts rows, ``accumulation`` micro batches in an optimiser step, ``max_length`` tokens of a row.
    """

    preset: Preset = "instruction"
    rank: int = Field(ge=1)
    alpha: int = Field(ge=1)
    dropout: float = Field(default=0.05, ge=0, lt=1)
    targets: tuple[str, ...] = Field(default=("q_proj", "k_proj", "v_proj", "o_proj"), min_length=1)
    dtype: Literal["bfloat16", "float32"] = "bfloat16"
    micro_batch: int = Field(default=4, ge=1)
    accumulation: int = Field(default=16, ge=1)
    learning_rate: float = Field(default=2e-4, gt=0)
    warmup_steps: int = Field(default=100, ge=0)
    epochs: float = Field(default=3, gt=0)
    max_length: int = Field(default=1024, ge=8)
    gradient_checkpointing: bool = False
    checkpoint_steps: int = Field(default=20, ge=1)

    @model_validator(mode="before")
    @classmethod
    def _from_preset(cls, values: Any) -> Any:
        if not isinstance(values, dict):
            return values
        preset = PRESETS.get(values.get("preset", "instruction"), {})
        rank = values.get("rank", preset.get("rank"))
        if rank != preset.get("rank") and isinstance(rank, int):
            preset = {**preset, "alpha": 2 * rank}
        return {**preset, **values}

    def deviations(self) -> tuple[str, ...]:
        """What of this recipe is not as the playbook has it, for the card."""
        preset = "classification" if self.preset == "classification" else "instruction"
        playbook = Nf4QloraSettings.model_validate({"preset": preset})
        compared = ("rank", "alpha", "dropout", "targets", "dtype", "micro_batch", "accumulation", "learning_rate",
                    "warmup_steps", "epochs")  # fmt: skip
        changed = [
            f"{name} {_plain(getattr(self, name))} (playbook: {_plain(getattr(playbook, name))})"
            for name in compared
            if getattr(self, name) != getattr(playbook, name)
        ]
        return (f"alpha/rank = {self.alpha / self.rank:g}", *changed)


def _plain(value: Any) -> str:
    return ",".join(value) if isinstance(value, tuple) else f"{value:g}" if isinstance(value, float) else str(value)
