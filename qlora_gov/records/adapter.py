"""Adapters, and the run that trained them."""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import Field, JsonValue

from qlora_gov.records.component import Component
from qlora_gov.records.parts import Environment
from qlora_gov.records.record import Frozen, Record

CONFIG, WEIGHTS = "adapter_config.json", "adapter_model.safetensors"
"""What peft calls the two files by which an adapter answers."""


class LossPoint(Frozen):
    """The mean training loss over the logging window that ends at an optimiser step."""

    step: int = Field(description="the optimiser's step")
    loss: float = Field(description="the mean loss")


class Training(Frozen):
    """The run of a trainer."""

    recipe: Component
    seed: int
    losses: tuple[LossPoint, ...]
    steps: int
    tokens: int = Field(description="tokens that carried loss, over all epochs")
    notes: tuple[str, ...] = Field(description="deviations from the playbook, as the trainer states them")
    environment: Environment
    inputs: Mapping[str, JsonValue] = Field(
        default={},
        description="what beside base, rows, recipe and seed decided what the model read, as the trainer says",
    )
    tracked: Mapping[str, str] = Field(
        default={}, description="where experiment trackers have the run: a URL, or a store and the run in it"
    )
    validation_losses: tuple[LossPoint, ...] = Field(
        default=(), description="of training rows that were not trained on, where they decided when to stop"
    )


class Adapter(Record):
    """Trained LoRA weights with the base, dataset, recipe and environment that made them.

    Of an adapter that was trained elsewhere only the files are known.
    """

    kind = "adapter"
    parent_fields = ("base", "dataset")
    base: str | None
    dataset: str | None
    files: Mapping[str, str] = Field(description="file name to digest")
    digest: str = Field(description="tree_id of the files")
    training: Training | None
