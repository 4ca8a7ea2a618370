"""Cards, and what a project says of itself on them."""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import Field

from qlora_gov.records.record import Record


class About(Record):
    """What only people can say of a project; it goes on the card as it is."""

    kind = "about"
    title: str = Field(description="what the adapter is called")
    intended_use: str = Field(description="what it is for, and for whom")
    limits: tuple[str, ...] = Field(default=(), description="what it must not be used for")
    risks: tuple[str, ...] = Field(default=(), description="what may go wrong, and who looks after it")
    language: tuple[str, ...] = Field(default=("en",), description="languages that it answers in")
    licence: str = Field(description="the adapter's licence, such as apache-2.0; the hub's identifier where it has one")
    licence_link: str | None = Field(
        default=None, description="where the text of a licence is that the hub does not know: LICENSE, or an address"
    )


class Card(Record):
    """A rendered card: which decision it shows, at which ledger head, from which templates."""

    kind = "card"
    parent_fields = ("decision", "about")
    decision: str
    about: str
    head: str = Field(description="hash of the decision's entry, the ledger's head when it had been made")
    templates: Mapping[str, str]
    files: Mapping[str, str] = Field(description="file name to digest")
