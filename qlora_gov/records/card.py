"""Cards, and what a project says of itself on them."""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import Field

from qlora_gov.records.record import Record


class About(Record):
    """What only people can say of a project; it goes on the card as it is."""

    kind = "about"
    title: str
    intended_use: str
    limits: tuple[str, ...] = ()
    risks: tuple[str, ...] = ()
    language: tuple[str, ...] = ("en",)
    licence: str


class Card(Record):
    """A rendered card: which decision it shows, at which ledger head, from which templates."""

    kind = "card"
    parent_fields = ("decision", "about")
    decision: str
    about: str
    head: str = Field(description="hash of the decision's entry, the ledger's head when it had been made")
    templates: Mapping[str, str]
    files: Mapping[str, str] = Field(description="file name to digest")
