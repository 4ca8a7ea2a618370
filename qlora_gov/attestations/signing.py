"""Signing a card's statement, and checking a signature against the ledger and the adapter's files."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from qlora_gov.attestations import mismatches, sign, statement_of, verify_envelope
from qlora_gov.errors import IntegrityError, LedgerError, UsageError
from qlora_gov.evidence.card import card_records
from qlora_gov.ledger import Problem, ProblemKind
from qlora_gov.ledger.reading import fetch, held
from qlora_gov.project.workspace import Workspace
from qlora_gov.records import About, Adapter, Card, Decision
from qlora_gov.reports.card.assembly import card_context

ENVELOPE = "statement.dsse.json"
"""The file beside a card that holds its signed statement."""


def sign_card(space: Workspace, card: Card, private_key: Path, passphrase: str | None) -> Path:
    """Sign what a card says of its adapter's files, and put the envelope beside the card.

    Raises UsageError where the card's own files are not there.
    """
    path = space.card(card.id) / ENVELOPE
    if not path.parent.is_dir():
        raise UsageError(f"{path.parent}: the card's files are not there; 'qlora-gov card' writes them")
    path.write_bytes(sign(_statement(space, card), private_key, passphrase))
    return path


def signature_problems(space: Workspace, public_key: Path) -> Iterator[Problem]:
    """What is wrong with the signatures beside cards; the newest card must have one.

    A signed statement must be the one that the ledger gives, on exactly the adapter's files at hand. Nothing is said
    of a ledger that cannot be read: its own verification names what is wrong there.
    """
    try:
        entries = space.ledger.entries(Card.kind)
    except IntegrityError:
        return
    if not entries:
        yield Problem(ProblemKind.MISSING, str(space.state / "cards"), "there is no card that could be signed")
    for entry in entries:
        path = space.card(entry.id) / ENVELOPE
        if path.is_file():
            yield from _envelope_problems(space, held(entry, Card), public_key, path)
        elif entry is entries[-1]:
            yield Problem(ProblemKind.MISSING, str(path.parent), "the newest card is not signed")


def _envelope_problems(space: Workspace, card: Card, public_key: Path, path: Path) -> Iterator[Problem]:
    try:
        signed = verify_envelope(path.read_bytes(), public_key)
        stated = _statement(space, card)
        adapter = fetch(space.ledger, fetch(space.ledger, card.decision, Decision).adapter, Adapter)
    except (IntegrityError, LedgerError) as error:
        yield Problem(ProblemKind.TAMPERED, str(path), str(error))
        return
    if signed != stated:
        what = "the statement that was signed is not the one that the ledger gives"
        yield Problem(ProblemKind.TAMPERED, str(path), what)
    for mismatch in mismatches(signed, space.adapter(adapter.digest)):
        yield Problem(ProblemKind.TAMPERED, str(path), mismatch)


def _statement(space: Workspace, card: Card) -> dict[str, object]:
    decision, about = fetch(space.ledger, card.decision, Decision), fetch(space.ledger, card.about, About)
    return statement_of(card_context(card_records(space.ledger, decision, about)), card)
