"""Signing a card's statement, and checking a signature against the ledger and the adapter's files."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from qlora_gov.attestations import mismatches, sign, statement_of, verify_envelope
from qlora_gov.gathering import evidence_of
from qlora_gov.lookup import fetch
from qlora_gov.records import About, Adapter, Card, Decision
from qlora_gov.reports.assembly import card_context
from qlora_gov.workspace import Workspace

ENVELOPE = "statement.dsse.json"
"""The file beside a card that holds its signed statement."""


def sign_card(space: Workspace, card: Card, private_key: Path, passphrase: str | None) -> Path:
    """Sign what a card says of its adapter's files, and put the envelope beside the card."""
    path = space.card(card.id) / ENVELOPE
    path.write_bytes(sign(_statement(space, card), private_key, passphrase))
    return path


def signature_problems(space: Workspace, card: Card, public_key: Path, envelope: Path) -> Iterator[str]:
    """What a signed statement says otherwise than the ledger and the files at hand.

    Raises IntegrityError where the signature itself does not hold.
    """
    signed = verify_envelope(envelope.read_bytes(), public_key)
    if signed != _statement(space, card):
        yield f"{envelope}: the statement that was signed is not the one that the ledger gives"
    adapter = fetch(space.ledger, fetch(space.ledger, card.decision, Decision).adapter, Adapter)
    yield from mismatches(signed, space.adapter(adapter.digest))


def _statement(space: Workspace, card: Card) -> dict[str, object]:
    decision, about = fetch(space.ledger, card.decision, Decision), fetch(space.ledger, card.about, About)
    return statement_of(card_context(evidence_of(space.ledger, decision, about)), card)
