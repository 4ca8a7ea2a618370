"""A ledger in a file of its own, which one process at a time writes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any

import duckdb
import numpy as np

from qlora_gov.canonical import Column
from qlora_gov.ledger import schema
from qlora_gov.ledger.connection import connect, translated
from qlora_gov.ledger.sql import copying, names
from qlora_gov.ledger.store import ENTRY


class FileSession:
    """An open file; see :class:`qlora_gov.ledger.store.Session`."""

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self._connection = connection

    def execute(self, query: str, /) -> duckdb.DuckDBPyConnection:
        """Ask one query."""
        return self._connection.execute(query)

    def write(self, statements: Sequence[str], rows: Mapping[str, Mapping[str, Column]]) -> None:
        """One transaction. Rows are inserted from arrays: a million values take about half a second."""
        self._connection.begin()
        for statement in statements:
            self.execute(statement)
        for table, columns in rows.items():
            self._connection.register("incoming", {name: _array(column) for name, column in columns.items()})
            self.execute(f"INSERT INTO {table} SELECT {ENTRY}, {names(columns)} FROM incoming")  # noqa: S608
            self._connection.unregister("incoming")
        self._connection.commit()

    def copy(self, query: str, path: Path) -> None:
        """Write what a query gives to a Parquet file."""
        self.execute(copying(query, path))

    def close(self) -> None:
        """Close the file; what is not committed is rolled back."""
        self._connection.close()


class FileStore:
    """A path; see :class:`qlora_gov.ledger.store.Store`."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def exists(self) -> bool:
        """Whether anything was ever appended."""
        return self._path.exists()

    def reader(self) -> FileSession:
        """Open to read. An older ledger is migrated first, so that queries meet the newest schema."""
        with translated(self._path), ExitStack() as stack:
            connection = stack.enter_context(closing(connect(self._path, read_only=True)))
            if schema.version(connection, self._path) == len(schema.MIGRATIONS):
                stack.pop_all()
                return FileSession(connection)
        self.writer().close()
        return FileSession(connect(self._path, read_only=True))

    def writer(self) -> FileSession:
        """Open to write; no other process can open the file meanwhile."""
        if not self.exists():
            schema.create(self._path)
        with translated(self._path), ExitStack() as stack:
            connection = stack.enter_context(closing(connect(self._path)))
            schema.migrate(connection, schema.version(connection, self._path))
            stack.pop_all()
            return FileSession(connection)


def _array(column: Column) -> np.ndarray[Any, Any]:
    return column if isinstance(column, np.ndarray) else np.array(column, dtype=object)
