"""What an adapter is made from, and the adapter."""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import Field

from qlora_gov.records.parts import Component, Environment, Frozen, Record


class Base(Record):
    """A base model: what its weights, tokenizer and template are, wherever they lie."""

    kind = "base"
    reference: str
    source: str = Field(description="embedded, directory, gguf or hub")
    files: Mapping[str, str] = Field(description="file name to digest")
    architecture: str
    licence: str | None
    hub_id: str | None = Field(default=None, description="the model's name on the hub, where it has one")
    revision: str | None = Field(default=None, description="commit on the hub, where it was fetched from one")


class SourceUse(Frozen):
    """One source of a dataset version."""

    component: Component
    rows: int
    licence: str | None


class StepReport(Frozen):
    """What one curation step did."""

    component: Component
    action: str = Field(description="filter, drop or redact")
    rows_in: int
    dropped: Mapping[str, int] = Field(description="reason to number of rows")
    changed: int


class DatasetVersion(Record):
    """An immutable set of examples: where they came from, what was dropped, and the digest of what stayed."""

    kind = "dataset"
    parent_fields = ("held_out",)
    role: str = Field(description="training or evaluation")
    sources: tuple[SourceUse, ...]
    steps: tuple[StepReport, ...]
    rows: int
    groups: int
    mix: Mapping[str, Mapping[str, int]] = Field(description="provenance, intent, language: value to rows")
    digest: str = Field(description="columns_id of the examples table")
    held_out: str | None = Field(default=None, description="the evaluation set that this one was kept clear of")


class LossPoint(Frozen):
    """The mean training loss over the logging window that ends at an optimiser step."""

    step: int
    loss: float


class Training(Frozen):
    """The run of a trainer."""

    recipe: Component
    seed: int
    losses: tuple[LossPoint, ...]
    steps: int
    tokens: int = Field(description="tokens that carried loss, over all epochs")
    notes: tuple[str, ...] = Field(description="deviations from the playbook, as the trainer states them")
    environment: Environment


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
