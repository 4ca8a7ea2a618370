"""Records by their kind: as a type that the caller can rely on."""

from __future__ import annotations

from typing import TypeVar

from qlora_gov.errors import LedgerError, UsageError
from qlora_gov.ledger import Entry, Ledger
from qlora_gov.records import Record

R = TypeVar("R", bound=Record)


def fetch(ledger: Ledger, record_id: str, kind: type[R]) -> R:
    """The record with an id, or the start of one. Raises LedgerError where it is of another kind."""
    return held(ledger.get(record_id), kind)


def held(entry: Entry, kind: type[R]) -> R:
    """An entry's record. Raises LedgerError where it is of another kind."""
    if not isinstance(entry.record, kind):
        raise LedgerError(f"{entry.id} is a {entry.kind}, not a {kind.kind}")
    return entry.record


def newest(ledger: Ledger, kind: type[R], record_id: str | None = None) -> R:
    """The record with the given id, or the newest of its kind. Raises UsageError where there is none."""
    if record_id is not None:
        return fetch(ledger, record_id, kind)
    entries = ledger.entries(kind.kind)
    if not entries:
        raise UsageError(f"the ledger holds no {kind.kind} yet; 'qlora-gov run' makes one")
    return held(entries[-1], kind)
