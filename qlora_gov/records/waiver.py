"""Waivers of rules."""

from __future__ import annotations

from datetime import date

from pydantic import Field

from qlora_gov.records.record import Record


class Waiver(Record):
    """Somebody's word that a decision may be acted on although a rule did not pass. It edits no verdict."""

    kind = "waiver"
    parent_fields = ("decision",)
    decision: str
    rule: str
    author: str
    reason: str
    expires: date = Field(description="the last day, UTC, on which it holds")
