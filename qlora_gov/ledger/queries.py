"""What can be asked of an open ledger."""

from __future__ import annotations

import difflib
import re
from collections.abc import Collection

from qlora_gov.errors import IntegrityError, LedgerError
from qlora_gov.ledger.entry import Entry, Line, entry_of, place
from qlora_gov.ledger.sql import literal, names
from qlora_gov.ledger.store import Session
from qlora_gov.records import AliasMove, Head

_PREFIX = re.compile(r"(?:sha256:)?([0-9a-f]{8,64})")


def lines(session: Session, condition: str = "TRUE", *, limit: int | None = None) -> list[Line]:
    """The entries that fulfil an SQL condition as they are stored, newest first."""
    query = f"SELECT {names(Line._fields)} FROM entries WHERE {condition} ORDER BY seq DESC"  # noqa: S608
    return [Line(*row) for row in session.execute(query if limit is None else f"{query} LIMIT {limit}").fetchall()]


def head(session: Session) -> Head | None:
    """The newest entry's number and hash."""
    row = session.execute("SELECT seq, hash FROM entries ORDER BY seq DESC LIMIT 1").fetchone()
    return None if row is None else Head(seq=row[0], hash=row[1])


def holding(id_: str, key: str | None) -> str:
    """The condition that an entry holds the record ``id_`` under ``key``."""
    return f"id = {literal(id_)} AND key " + ("IS NULL" if key is None else f"= {literal(key)}")


def same(session: Session, id_: str, key: str | None) -> Entry | None:
    """The entry that holds the record ``id_`` under ``key``."""
    return _newest(session, holding(id_, key))


def find(session: Session, key: str) -> Entry | None:
    """The newest entry under ``key``."""
    return _newest(session, f"key = {literal(key)}")


def entries(session: Session, kind: str | None) -> list[Entry]:
    """All entries, or those of one kind, oldest first."""
    found = lines(session, "TRUE" if kind is None else f"kind = {literal(kind)}")
    return [entry_of(line) for line in reversed(found)]


def newest(session: Session, kinds: Collection[str]) -> int:
    """The number of the newest entry of some kinds, or 0."""
    among = ", ".join(map(literal, kinds))
    row = session.execute(f"SELECT coalesce(max(seq), 0) FROM entries WHERE kind IN ({among})").fetchone()  # noqa: S608
    assert row is not None, "an aggregate is one row"
    return int(row[0])


def alias(session: Session, name: str) -> Entry | None:
    """The latest move of an alias."""
    condition = f"kind = {literal(AliasMove.kind)} AND json_extract_string(record, '$.content.alias') = {literal(name)}"
    return _newest(session, condition)


def get(session: Session, id_or_prefix: str) -> Entry:
    """The newest entry of the record with this id, or with the only id that starts with it.

    Raises LedgerError where the prefix is too short, unknown or ambiguous.
    """
    match = _PREFIX.fullmatch(id_or_prefix)
    if match is None:
        raise LedgerError(f"{id_or_prefix!r} is no record id; write at least 8 of its hex digits")
    found = lines(session, f"starts_with(id, 'sha256:{match[1]}')")
    if not found:
        raise LedgerError(f"the ledger holds no record {id_or_prefix}; {_nearest(session, match[1])}")
    ids = sorted({line.id.removeprefix("sha256:") for line in found})
    if len(ids) > 1:
        raise LedgerError(f"{id_or_prefix} is ambiguous: {' and '.join(ids[:3])}; write more digits")
    return entry_of(found[0])


def lineage(session: Session, id_: str) -> list[Entry]:
    """The records that a record was made from, parents before grandparents, each once.

    Raises LedgerError for an unknown id, IntegrityError for a parent that the ledger does not hold.
    """
    generation = [get(session, id_)]
    walked = {generation[0].id: generation[0]}
    while generation:
        children: dict[str, Entry] = {}
        for child in generation:
            for parent in child.record.parents:
                if parent not in walked:
                    children.setdefault(parent, child)
        found = _by_id(session, children)
        for parent, child in children.items():
            if parent not in found:
                raise IntegrityError(f"{place(child)} was made from {parent}, which the ledger does not hold")
        generation = [found[parent] for parent in children]
        walked |= {entry.id: entry for entry in generation}
    return list(walked.values())[1:]


def _newest(session: Session, condition: str) -> Entry | None:
    found = lines(session, condition, limit=1)
    return entry_of(found[0]) if found else None


def _by_id(session: Session, ids: Collection[str]) -> dict[str, Entry]:
    """The newest entry of each record that is there."""
    if not ids:
        return {}
    found = lines(session, f"id IN ({', '.join(literal(id_) for id_ in ids)})")
    return {line.id: entry_of(line) for line in reversed(found)}


def _nearest(session: Session, digits: str) -> str:
    ids = session.execute("SELECT DISTINCT id FROM entries ORDER BY id").fetchall()
    near = difflib.get_close_matches(digits, [id_.removeprefix("sha256:")[: len(digits)] for (id_,) in ids], n=1)
    return f"did you mean {near[0]}?" if near else "'qlora-gov ledger' lists them"
