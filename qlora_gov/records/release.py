"""The moves of aliases, which follow decisions."""

from __future__ import annotations

from enum import StrEnum
from typing import Literal

from pydantic import Field

from qlora_gov.records.record import Record

Alias = Literal["champion", "candidate", "fallback"]


class MoveReason(StrEnum):
    """Why an alias moved."""

    DECIDED = "decided"
    PROMOTED = "promoted"
    ROLLED_BACK = "rolled back"
    REGRESSED = "regressed"


class AliasMove(Record):
    """A movable name, pointed at an adapter; at none, it means the base without one."""

    kind = "alias"
    parent_fields = ("adapter", "decision", "previous", "waivers")
    alias: Alias
    adapter: str | None
    decision: str | None = Field(description="what the move rests on; none where a person rolled back")
    previous: str | None = Field(description="the alias move before this one")
    reason: MoveReason
    author: str | None = Field(default=None, description="who moved it, where a person is named")
    waivers: tuple[str, ...] = ()
