"""What the recipes of all trainers share: LoRA matrices on an NF4 base, and the playbook's presets of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Literal

from pydantic import ConfigDict, Field, model_validator

from qlora_gov import Settings

Preset = Literal["instruction", "classification", "demo"]
Values = Mapping[str, Any]

PLAYBOOK: Values = {
    "dropout": 0.05,
    "targets": ("q_proj", "k_proj", "v_proj", "o_proj"),
    "dtype": "bfloat16",
    "micro_batch": 4,
    "accumulation": 16,
    "learning_rate": 2e-4,
    "warmup_steps": 100,
    "epochs": 3.0,
}
"""The playbook's values, whatever the preset."""

RANKS: Mapping[str, Values] = {
    "instruction": {"rank": 64, "alpha": 32},
    "classification": {"rank": 32, "alpha": 64},
}
"""The playbook's ranks by the preset that has them."""


def _preset_fills(schema: dict[str, Any]) -> None:
    """Say in the JSON schema that nothing is required: what is not set comes from the preset."""
    del schema["required"]


class Recipe(Settings):
    """Settings that every trainer has. Without ``alpha``, a rank that is not the preset's own gets twice the rank.

    ``micro_batch`` counts rows, ``accumulation`` micro batches in an optimiser step, ``max_length`` tokens of a row.
    """

    model_config = ConfigDict(json_schema_extra=_preset_fills)
    presets: ClassVar[Mapping[str, Values]] = RANKS

    preset: Preset = Field(default="instruction", description="the values of whatever is not set")
    rank: int = Field(ge=1, description="rank of the LoRA matrices; default: the preset's")
    alpha: int = Field(ge=1, description="the product is scaled by alpha / rank; default: the preset's")
    targets: tuple[str, ...] = Field(
        default=PLAYBOOK["targets"], min_length=1, description="modules that get an adapter"
    )
    dtype: Literal["bfloat16", "float32"] = Field(default="bfloat16", description="of the adapter and of computing")
    micro_batch: int = Field(default=4, ge=1, description="rows that pass the model at a time")
    accumulation: int = Field(default=16, ge=1, description="micro batches in a step of the optimiser")
    learning_rate: float = Field(default=2e-4, gt=0, description="the peak; a cosine follows")
    warmup_steps: int = Field(default=100, ge=0, description="steps until the peak")
    epochs: float = Field(default=3, gt=0, description="passes over the data")
    max_length: int = Field(default=1024, ge=8, description="most tokens of a row; a longer one is an error")
    gradient_checkpointing: bool = Field(default=False, description="least memory for most time")
    checkpoint_steps: int = Field(default=20, ge=1, description="steps between two checkpoints")

    @model_validator(mode="before")
    @classmethod
    def _from_preset(cls, values: Any) -> Any:
        if not isinstance(values, dict):
            return values
        named = values.get("preset", "instruction")
        # Of one that there is not, its name alone is wrong, and not that it fills nothing.
        preset = cls.presets.get(named if isinstance(named, str) else "", cls.presets["instruction"])
        rank = values.get("rank", preset.get("rank"))
        if rank != preset.get("rank") and isinstance(rank, int):
            preset = {**preset, "alpha": 2 * rank}
        return {**preset, **values}

    def deviations(self, **fixed: Any) -> tuple[str, ...]:
        """What of this recipe is not as the playbook has it, for the card; ``fixed`` values are no settings."""
        mine = {**self.model_dump(), **fixed}
        playbook = {**RANKS.get(self.preset, RANKS["instruction"]), **PLAYBOOK}
        changed = [
            f"{name} {_plain(mine[name])} (playbook: {_plain(value)})"
            for name, value in playbook.items()
            if mine[name] != value
        ]
        return (f"alpha/rank = {self.alpha / self.rank:g}", *changed)


def _plain(value: Any) -> str:
    return ",".join(value) if isinstance(value, tuple) else f"{value:g}" if isinstance(value, float) else str(value)
