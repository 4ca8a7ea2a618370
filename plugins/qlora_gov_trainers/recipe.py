"""What the recipes of all trainers share: LoRA matrices on an NF4 base, and the playbook's presets of them."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator, Mapping
from typing import Annotated, Any, ClassVar, Literal

from pydantic import BeforeValidator, ConfigDict, Field, TypeAdapter, ValidationError, model_validator

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

_Names = Annotated[tuple[str, ...], Field(min_length=1)]
_WHOLE, _NAMES = TypeAdapter(int), TypeAdapter(_Names)


def _names_or_shorthand(given: Any) -> Any:
    """Say of anything else what is wrong with it as a list of names, and not once more as a shorthand."""
    if not isinstance(given, str):
        return _NAMES.validate_python(given)
    if given not in ("attention", "all-linear"):
        raise ValueError(f"should be attention, all-linear or a list of names, not {given!r}")
    return given


Targets = Annotated[Literal["attention", "all-linear"] | _Names, BeforeValidator(_names_or_shorthand)]
"""Names of linear layers, or what stands for all of a base's attention, or of its decoder."""


def _preset_fills(schema: dict[str, Any]) -> None:
    """Say in the JSON schema that nothing is required: what is not set comes from the preset."""
    del schema["required"]


class Recipe(Settings):
    """Settings that every trainer has. Without ``alpha``, a rank that is not the preset's own gets twice the rank.

    ``micro_batch`` counts rows, ``accumulation`` micro batches in an optimiser step, ``max_length`` tokens of a row.
    """

    model_config = ConfigDict(json_schema_extra=_preset_fills)
    presets: ClassVar[Mapping[str, Values]] = RANKS
    beyond: ClassVar[tuple[str, ...]] = ("dora", "max_steps", "max_rows")
    """Settings that the playbook does not know."""

    preset: Preset = Field(default="instruction", description="the values of whatever is not set")
    rank: int = Field(ge=1, description="rank of the LoRA matrices; default: the preset's")
    alpha: int = Field(ge=1, description="the product is scaled by alpha / rank; default: the preset's")
    rslora: bool = Field(default=False, description="scale by alpha / sqrt(rank) instead (rsLoRA)")
    dora: bool = Field(default=False, description="train each row's magnitude apart from its direction (DoRA)")
    targets: Targets = Field(
        default=PLAYBOOK["targets"],
        description="linear layers that get an adapter: names, attention for all of the attention's, or all-linear",
    )
    dtype: Literal["bfloat16", "float32"] = Field(default="bfloat16", description="of the adapter and of computing")
    micro_batch: int = Field(default=4, ge=1, description="rows that pass the model at a time")
    accumulation: int = Field(default=16, ge=1, description="micro batches in a step of the optimiser")
    learning_rate: float = Field(default=2e-4, gt=0, description="the peak; a cosine follows")
    warmup_steps: int = Field(default=100, ge=0, description="steps until the peak")
    epochs: float = Field(default=3, gt=0, description="passes over the data")
    max_steps: int | None = Field(
        default=None, ge=1, description="most steps, at whose end the cosine ends; none: as many as the epochs have"
    )
    max_rows: int | None = Field(
        default=None, ge=1, description="most rows that are trained on, drawn by the seed; none: all"
    )
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
        try:
            rank = _WHOLE.validate_python(values.get("rank", preset.get("rank")))
        except ValidationError:  # of a rank that is none, its name alone is wrong
            return {**preset, **values}
        if rank != preset.get("rank"):
            preset = {**preset, "alpha": 2 * rank}
        return {**preset, **values}

    def steps(self, rows: int) -> int:
        """The steps of the optimiser that a training on so many rows takes."""
        steps = math.ceil(self.epochs * math.ceil(rows / (self.micro_batch * self.accumulation)))
        return steps if self.max_steps is None else min(steps, self.max_steps)

    @property
    def scaling(self) -> str:
        """What the adapter's product is scaled by, in words (https://arxiv.org/abs/2312.03732 for the root)."""
        if self.rslora:
            return f"alpha/sqrt(rank) = {self.alpha / math.sqrt(self.rank):g} (playbook: alpha/rank)"
        return f"alpha/rank = {self.alpha / self.rank:g}"

    def deviations(self, targets: Collection[str], **fixed: Any) -> tuple[str, ...]:
        """What of this recipe is not as the playbook has it, for the card.

        ``targets`` are the names that this recipe's stand for on a base; ``fixed`` values are no settings.
        """
        return (self.scaling, *self._changed(targets, fixed), *self._added())

    def _changed(self, targets: Collection[str], fixed: Values) -> Iterator[str]:
        mine = {**self.model_dump(), **fixed}
        for name, value in {**RANKS.get(self.preset, RANKS["instruction"]), **PLAYBOOK}.items():
            if name == "targets":
                yield from self._targets(targets)
            elif mine[name] != value:
                yield f"{name} {_plain(mine[name])} (playbook: {_plain(value)})"

    def _targets(self, names: Collection[str]) -> Iterator[str]:
        """Names that differ from the playbook's, and in any case what a shorthand stands for."""
        same = set(names) == set(PLAYBOOK["targets"])
        short = f"{self.targets}: " if isinstance(self.targets, str) else ""
        if short or not same:
            playbook = "the same" if same else _plain(PLAYBOOK["targets"])
            yield f"targets {short}{_plain(tuple(names))} (playbook: {playbook})"

    def _added(self) -> Iterator[str]:
        for name in self.beyond:
            if (value := getattr(self, name)) != type(self).model_fields[name].default:
                yield f"{name} {_plain(value)} (playbook: none)"


def _plain(value: Any) -> str:
    match value:
        case bool():
            return str(value).lower()
        case float():
            return f"{value:g}"
        case tuple():
            return ",".join(value)
        case Settings():
            return ", ".join(f"{name} {_plain(inner)}" for name, inner in value)
    return str(value)
