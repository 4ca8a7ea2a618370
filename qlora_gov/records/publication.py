"""Adapters that left, by a decision that allowed it."""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import Field

from qlora_gov.records.record import Record


class Publication(Record):
    """An adapter with its card, put where others take it from. What lies there now is nothing that a ledger can say."""

    kind = "publication"
    parent_fields = ("adapter", "decision", "card", "waivers")
    adapter: str
    decision: str = Field(description="what the publication rests on")
    card: str = Field(description="the rendered card that went with it")
    place: str = Field(description="where it was put: a URL, the hub's commit, or a registry's version")
    digest: str = Field(description="tree_id of the files")
    files: Mapping[str, str] = Field(description="file name to digest")
    author: str | None = Field(default=None, description="who published it, where a person is named")
    waivers: tuple[str, ...] = ()
