"""The recipe: the playbook's presets, and what of them a project changes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from pydantic import ConfigDict, Field, model_validator

from qlora_gov import Settings
from qlora_gov_trainers.trackers import Tracker, require_trackers

Preset = Literal["instruction", "classification", "demo"]


def _preset_fills(schema: dict[str, Any]) -> None:
    """Say in the JSON schema that nothing is required: what is not set comes from the preset."""
    del schema["required"]


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

    model_config = ConfigDict(json_schema_extra=_preset_fills)
    preset: Preset = Field(default="instruction", description="the values of whatever is not set")
    rank: int = Field(ge=1, description="rank of the LoRA matrices; default: the preset's")
    alpha: int = Field(ge=1, description="the product is scaled by alpha / rank; default: the preset's")
    dropout: float = Field(default=0.05, ge=0, lt=1, description="share of the adapter's inputs that is dropped")
    targets: tuple[str, ...] = Field(
        default=("q_proj", "k_proj", "v_proj", "o_proj"), min_length=1, description="modules that get an adapter"
    )
    dtype: Literal["bfloat16", "float32"] = Field(default="bfloat16", description="of the adapter and of computing")
    micro_batch: int = Field(default=4, ge=1, description="rows that pass the model at a time")
    accumulation: int = Field(default=16, ge=1, description="micro batches in a step of the optimiser")
    learning_rate: float = Field(default=2e-4, gt=0, description="the peak; a cosine follows")
    warmup_steps: int = Field(default=100, ge=0, description="steps until the peak")
    epochs: float = Field(default=3, gt=0, description="passes over the data")
    max_length: int = Field(default=1024, ge=8, description="most tokens of a row; a longer one is an error")
    gradient_checkpointing: bool = Field(default=False, description="least memory for most time")
    memory_budget: str = Field(
        default="22GB",
        pattern=r"^(auto|\d+(\.\d+)?GB)$",
        description="of a CUDA device; decides what a step keeps and what it computes again; auto: all that is free",
    )
    checkpoint_steps: int = Field(default=20, ge=1, description="steps between two checkpoints")
    # Who watches a training changes nothing of it: not recorded as a setting, it is no part of the recipe's identity.
    trackers: tuple[Tracker, ...] = Field(
        default=(), exclude=True, description="experiment trackers that the training reports to"
    )

    @model_validator(mode="before")
    @classmethod
    def _from_preset(cls, values: Any) -> Any:
        if not isinstance(values, dict):
            return values
        named = values.get("preset", "instruction")
        # Of one that there is not, its name alone is wrong, and not that it fills nothing.
        preset = PRESETS.get(named if isinstance(named, str) else "", PRESETS["instruction"])
        rank = values.get("rank", preset.get("rank"))
        if rank != preset.get("rank") and isinstance(rank, int):
            preset = {**preset, "alpha": 2 * rank}
        return {**preset, **values}

    def require(self) -> None:
        """Raise PluginError, with what to run, for a tracker that is not installed."""
        require_trackers(self.trackers)

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
