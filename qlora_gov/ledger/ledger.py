"""The ledger: one DuckDB file to which entries are only ever added.

Every operation opens the file late and closes it early. While another process holds it, it is tried again.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from types import MappingProxyType
from typing import Any, TypeVar

import duckdb
from pydantic import JsonValue

from qlora_gov.canonical import Column
from qlora_gov.errors import LedgerError
from qlora_gov.ledger import columns, queries, schema
from qlora_gov.ledger.connection import REST, connect, opened, patiently, translated
from qlora_gov.ledger.entry import Entry, Head, entry_of, line_after
from qlora_gov.ledger.evidence import row_problems, tables_of
from qlora_gov.records import Record
from qlora_gov.tables import Bools, Floats, Table

T = TypeVar("T")
_NOTHING: Mapping[str, Any] = MappingProxyType({})


class Ledger:
    """An append-only, hash-chained ledger in one file.

    All methods raise LedgerLockedError where another process holds the file for longer than ``wait``,
    NewerLedgerError where a newer version wrote it, and LedgerError where it is damaged or no ledger.
    """

    def __init__(self, path: Path, *, wait: float = 60.0, on_wait: Callable[[float], None] | None = None) -> None:
        """Open nothing yet.

        Args:
            path: the DuckDB file; the first append creates it.
            wait: how many seconds to wait for another process at most.
            on_wait: called with the seconds waited so far, before every new attempt.
        """
        self.path = path
        self._wait = wait
        self._on_wait = on_wait

    def exists(self) -> bool:
        """Whether anything was ever appended; a ledger that does not exist reads as an empty one."""
        return self.path.exists()

    def append(
        self,
        record: Record,
        *,
        key: str | None = None,
        rows: Mapping[str, Table] = _NOTHING,
        facts: Mapping[str, JsonValue] = _NOTHING,
    ) -> Entry:
        """Add a record and its rows in one transaction, or return the entry that holds it under ``key`` already.

        So an append can be repeated after a crash, whether it had been committed or not.

        Args:
            record: what a stage made.
            key: the digest of what determines the record, for :meth:`find`.
            rows: the tables behind the record, by their name in :data:`qlora_gov.tables.TABLES`.
            facts: what is true of this entry and not of the record: host, duration.

        Raises:
            ValueError: rows that no such table can hold, or that disagree with the digests in the record (a bug).
            StorageError: the disk is full or not writable; nothing was added.
        """
        tables = _checked(record, rows)
        entry = self._patiently(lambda: self._append(record, key, tables, facts))
        time.sleep(REST)
        return entry

    def find(self, key: str) -> Entry | None:
        """The newest entry under ``key``."""
        return self._read(lambda connection: queries.find(connection, key), None)

    def get(self, id_or_prefix: str) -> Entry:
        """The newest entry of a record, by its id or a prefix of 8 hex digits or more, with or without ``sha256:``.

        Raises LedgerError where none or several have it.
        """
        return self._demand(lambda connection: queries.get(connection, id_or_prefix))

    def entries(self, kind: str | None = None) -> list[Entry]:
        """All entries, or those whose record is of one kind, oldest first."""
        return self._read(lambda connection: queries.entries(connection, kind), [])

    def head(self) -> Head | None:
        """The newest entry's number and hash."""
        return self._read(queries.head, None)

    def alias(self, name: str) -> Entry | None:
        """The latest move of an alias."""
        return self._read(lambda connection: queries.alias(connection, name), None)

    def lineage(self, id_or_prefix: str) -> list[Entry]:
        """The records that a record was made from, parents before grandparents, each once.

        Raises LedgerError for an unknown record, IntegrityError for a parent that is not in the ledger.
        """
        return self._demand(lambda connection: queries.lineage(connection, id_or_prefix))

    def table(self, entry: Entry, name: str) -> dict[str, Column]:
        """An entry's rows in one table: numbers as arrays, texts as lists, in the order in which they were appended."""
        return self._demand(lambda connection: columns.read(connection, entry.seq, name))

    def scores(self, entry: Entry, index: int, rows: int, k: int) -> tuple[Floats, Bools]:
        """One measurement's statistics ``[rows, k]`` and scored rows ``[rows]``, by its index in the evaluation.

        Raises IntegrityError where the rows are not k for each scored row.
        """
        table = self._demand(lambda connection: columns.read(connection, entry.seq, "scores", f"metric = {index}"))
        return columns.scores(table, index, rows, k)

    @contextmanager
    def reading(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """A read-only connection to one state of an existing ledger; no process can append meanwhile."""
        connection = self._patiently(self._connect)
        with translated(self.path), closing(connection):
            yield connection

    def _connect(self) -> duckdb.DuckDBPyConnection:
        """A read-only connection. An older ledger is migrated first, so that every query meets the newest schema."""
        with translated(self.path), ExitStack() as stack:
            connection = stack.enter_context(closing(connect(self.path, read_only=True)))
            if schema.version(connection, self.path) == len(schema.MIGRATIONS):
                stack.pop_all()
                return connection
        with opened(self.path) as writing:
            schema.migrate(writing, schema.version(writing, self.path))
        return connect(self.path, read_only=True)

    def _append(
        self, record: Record, key: str | None, tables: Mapping[str, Table], facts: Mapping[str, JsonValue]
    ) -> Entry:
        if not self.exists():
            schema.create(self.path)
        with opened(self.path) as connection:
            schema.migrate(connection, schema.version(connection, self.path))
            connection.begin()
            held = queries.same(connection, record.id, key)
            if held is not None:
                return held
            line = line_after(queries.head(connection), record, key, facts)
            connection.execute(f"INSERT INTO entries VALUES ({', '.join('?' for _ in line)})", list(line))  # noqa: S608
            for name, table in tables.items():
                columns.insert(connection, line.seq, name, table)
            connection.commit()
        return entry_of(line)

    def _read(self, query: Callable[[duckdb.DuckDBPyConnection], T], absent: T) -> T:
        return self._demand(query) if self.exists() else absent

    def _demand(self, query: Callable[[duckdb.DuckDBPyConnection], T]) -> T:
        if not self.exists():
            raise LedgerError(f"there is no ledger at {self.path}; 'qlora-gov run' begins one")
        with self.reading() as connection:
            return query(connection)

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
