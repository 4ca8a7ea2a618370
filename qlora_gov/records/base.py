"""The base model."""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import Field

from qlora_gov.records.record import Record


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
