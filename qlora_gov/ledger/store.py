"""What the ledger asks of the place where it is kept. There are two such places: a file, and a DuckDB server."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Protocol

import duckdb

from qlora_gov.canonical import Column

ENTRY = "getvariable('entry')"
"""The number of the entry whose rows a transaction inserts, as SQL; one of its statements sets the variable."""


class Session(Protocol):
    """An open ledger."""

    def execute(self, query: str, /) -> duckdb.DuckDBPyConnection:
        """Ask one query."""

    def write(self, statements: Sequence[str], rows: Mapping[str, Mapping[str, Column]]) -> None:
        """Execute statements and insert rows into tables, of entry :data:`ENTRY`, in one transaction."""

    def copy(self, query: str, path: Path) -> None:
        """Write what a query gives to a new Parquet file on this machine."""

    def close(self) -> None:
        """Give back what is held."""


class Store(Protocol):
    """Where a ledger is kept. Opening it raises LedgerLockedError where somebody else holds it."""

    def exists(self) -> bool:
        """Whether there is anything to read."""

    def reader(self) -> Session:
        """Open the ledger, which must be there, at the newest schema."""

    def writer(self) -> Session:
        """The same to write; creates a ledger where there is none."""
