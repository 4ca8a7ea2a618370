"""The ledger: one DuckDB database, a file or on a server, to which entries are only ever added.

Every operation opens it late and closes it early. While another process holds it, it is tried again.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from types import MappingProxyType
from typing import Any, TypeVar

from pydantic import JsonValue

from qlora_gov.canonical import Column
from qlora_gov.errors import IntegrityError, LedgerError
from qlora_gov.ledger import columns, queries
from qlora_gov.ledger.append import Seen, appending
from qlora_gov.ledger.connection import REST, patiently, translated
from qlora_gov.ledger.entry import Entry, Line, draft, place
from qlora_gov.ledger.local import FileStore
from qlora_gov.ledger.remote import SCHEME, ServerStore
from qlora_gov.ledger.rows import row_problems, table_problems, tables_of
from qlora_gov.ledger.store import Session, Store
from qlora_gov.records import Head, Record
from qlora_gov.records.table import Table

T = TypeVar("T")
_NOTHING: Mapping[str, Any] = MappingProxyType({})


class Ledger:
    """An append-only, hash-chained ledger.

    All methods raise LedgerLockedError where another process holds it for longer than ``wait``, NewerLedgerError
    where a newer version wrote it, and LedgerError where it is damaged, no ledger, or not to be reached.
    """

    def __init__(
        self, location: Path | str, *, wait: float = 60.0, on_wait: Callable[[float], None] | None = None
    ) -> None:
        """Open nothing yet.

        Args:
            location: a DuckDB file, which the first append creates, or a server: ``quack:host:port``.
            wait: how many seconds to wait for another process at most.
            on_wait: called with the seconds waited so far, before every new attempt.
        """
        self.location = location
        self._store: Store = (
            ServerStore(str(location)) if str(location).startswith(SCHEME) else FileStore(Path(location))
        )
        self._wait = wait
        self._on_wait = on_wait

    def exists(self) -> bool:
        """Whether there is a ledger; one that does not exist reads as an empty one."""
        return self._store.exists()

    def append(
        self,
        record: Record,
        *,
        key: str | None = None,
        rows: Mapping[str, Table] = _NOTHING,
        facts: Mapping[str, JsonValue] = _NOTHING,
        seen: Seen | None = None,
    ) -> Entry:
        """Add a record and its rows in one transaction, or return the entry that holds it under ``key`` already.

        So an append can be repeated after a crash, whether it had been committed or not.

        Args:
            record: what a stage made.
            key: the digest of what determines the record, for :meth:`find`.
            rows: the tables behind the record, by their name in :data:`qlora_gov.records.table.TABLES`.
            facts: what is true of this entry and not of the record: host, duration.
            seen: for a record that follows from all of some kinds, which ones it was made after, by :meth:`newest`.

        Raises:
            LedgerMovedError: there is a newer one of these kinds than was ``seen``; nothing was added.
            ValueError: rows that no such table can hold, or that disagree with the digests in the record (a bug).
            StorageError: the disk is full or not writable; nothing was added.
        """
        tables = _checked(record, rows)
        entry = self._patiently(lambda: self._append(draft(record, key, facts), tables, seen))
        time.sleep(REST)
        return entry

    def append_together(self, records: Sequence[Record], *, seen: Seen) -> None:
        """Add records of one kind that have no rows, all or none of them, after those of some kinds that were ``seen``.

        Raises LedgerMovedError where there is a newer one, StorageError as :meth:`append` does.
        """
        lines = [draft(record, None, _NOTHING) for record in records]
        first, *rest = lines
        statements = [*appending(first, seen), *(part for line in rest for part in appending(line))]

        def write() -> None:
            with self._open(self._store.writer()) as session:
                session.write(statements, {})

        self._patiently(write)
        time.sleep(REST)

    def find(self, key: str) -> Entry | None:
        """The newest entry under ``key``."""
        return self._read(lambda session: queries.find(session, key), None)

    def get(self, id_or_prefix: str) -> Entry:
        """The newest entry of a record, by its id or a prefix of 8 hex digits or more, with or without ``sha256:``.

        Raises LedgerError where none or several have it.
        """
        return self._demand(lambda session: queries.get(session, id_or_prefix))

    def document(self, entry: Entry) -> str:
        """The JSON of an entry's record as it is stored, whose digest is the record's id."""
        return self._demand(lambda session: queries.lines(session, f"seq = {entry.seq}")[0].record)

    def entries(self, kind: str | None = None) -> list[Entry]:
        """All entries, or those whose record is of one kind, oldest first."""
        return self._read(lambda session: queries.entries(session, kind), [])

    def head(self) -> Head | None:
        """The newest entry's number and hash."""
        return self._read(queries.head, None)

    def newest(self, *kinds: str) -> Seen:
        """The newest entry of some kinds, for :meth:`append`; its number is 0 where there is none."""
        return Seen(kinds, self._read(lambda session: queries.newest(session, kinds), 0))

    def alias(self, name: str) -> Entry | None:
        """The latest move of an alias."""
        return self._read(lambda session: queries.alias(session, name), None)

    def lineage(self, id_or_prefix: str) -> list[Entry]:
        """The records that a record was made from, parents before grandparents, each once.

        Raises LedgerError for an unknown record, IntegrityError for a parent that is not in the ledger.
        """
        return self._demand(lambda session: queries.lineage(session, id_or_prefix))

    def table(self, entry: Entry, name: str) -> dict[str, Column]:
        """An entry's rows in one table: numbers as arrays, texts as lists, in the order in which they were appended.

        Raises IntegrityError where they are not those that the record states.
        """
        table = self._demand(lambda session: columns.read(session, entry.seq, name))
        for problem in table_problems(place(entry), entry.record, name, table):
            raise IntegrityError(f"{problem}; 'qlora-gov verify' tells more")
        return table

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """An existing ledger, open to read. No process can write into a file meanwhile; a server goes on."""
        with self._open(self._patiently(self._store.reader)) as session:
            yield session

    def _append(self, line: Line, tables: Mapping[str, Table], seen: Seen | None) -> Entry:
        with self._open(self._store.writer()) as session:
            held = queries.same(session, line.id, line.key)
            if held is None:
                session.write(appending(line, seen), tables)
                held = queries.same(session, line.id, line.key)
            assert held is not None, "it was committed"
            return held

    @contextmanager
    def _open(self, session: Session) -> Iterator[Session]:
        with translated(self.location), closing(session):
            yield session

    def _read(self, query: Callable[[Session], T], absent: T) -> T:
        return self._demand(query) if self.exists() else absent

    def _demand(self, query: Callable[[Session], T]) -> T:
        if not self.exists():
            raise LedgerError(f"there is no ledger at {self.location}; 'qlora-gov run' begins one")
        with self.reading() as session:
            return query(session)

    def _patiently(self, attempt: Callable[[], T]) -> T:
        return patiently(attempt, wait=self._wait, on_wait=self._on_wait)


def _checked(record: Record, rows: Mapping[str, Table]) -> dict[str, dict[str, Column]]:
    """The tables with their types. Raises ValueError unless they are the record's, digest by digest."""
    expected = tables_of(record)
    if set(rows) != set(expected):
        raise ValueError(f"a {record.kind} record has rows in {sorted(expected)}, not in {sorted(rows)}")
    tables = {name: columns.typed(name, rows[name]) for name in expected}
    problems = [str(problem) for problem in row_problems(f"a new {record.kind} record", record, tables)]
    if problems:
        raise ValueError("; ".join(problems))
    return tables
