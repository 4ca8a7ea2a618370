"""From a card, as people name it, to the decision that it shows and to everything that this was made from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from qlora_gov.canonical import file_id
from qlora_gov.errors import IntegrityError, LedgerError, UsageError
from qlora_gov.ledger import Entry, Ledger
from qlora_gov.ledger.reading import fetch, held
from qlora_gov.records import Card, Decision, Evaluation


@dataclass(frozen=True)
class OpenedCard:
    """A card's decision with the entries that it rests on; the card's own first, where it is one."""

    card: Card | None
    decision: Decision
    entries: Sequence[Entry]

    @property
    def evaluations(self) -> dict[str, Evaluation]:
        """The evaluations that the decision compares, by what rules call their side, the candidate first."""
        return {who: held(self.entry(id_), Evaluation) for who, id_ in self.decision.sides.items()}

    def entry(self, record_id: str) -> Entry:
        """The entry of a record that the card rests on. Raises LedgerError for any other."""
        for entry in self.entries:
            if entry.id == record_id:
                return entry
        raise LedgerError(f"the card does not rest on {record_id}")


def open_card(ledger: Ledger, card: str) -> OpenedCard:
    """Open a card by its file's path, or a card or decision by the start of its id.

    Raises IntegrityError for a file that the ledger does not know, UsageError for what is no card.
    """
    entry = _of_file(ledger, Path(card)) if Path(card).is_file() else _of_id(ledger, card)
    entries = [entry, *ledger.lineage(entry.id)]
    if isinstance(entry.record, Card):
        return OpenedCard(entry.record, fetch(ledger, entry.record.decision, Decision), entries)
    return OpenedCard(None, held(entry, Decision), entries)


def _of_file(ledger: Ledger, path: Path) -> Entry:
    digest = file_id(path)
    for entry in reversed(ledger.entries(Card.kind)):
        if digest in held(entry, Card).files.values():
            return entry
    raise IntegrityError(
        f"{path} is no card that the ledger knows: it was edited, or its entry is gone; 'qlora-gov verify' tells more"
    )


def _of_id(ledger: Ledger, card: str) -> Entry:
    if "/" in card or "." in card:
        raise UsageError(f"no such card: {card}")
    entry = ledger.get(card)
    if not isinstance(entry.record, Card | Decision):
        raise UsageError(f"{card} is a {entry.kind}; write a card's file, or the id of a card or decision")
    return entry
