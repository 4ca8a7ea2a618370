"""A ledger on a DuckDB server that several machines share, spoken to in DuckDB's own protocol, Quack.

Each query goes to the server whole and is answered from one state of the ledger. A transaction, too, is one message:
the server executes all of it or nothing, whatever becomes of the client.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from functools import cached_property
from importlib.resources import files
from pathlib import Path

import duckdb
import numpy as np

from qlora_gov.canonical import Column
from qlora_gov.errors import LedgerError
from qlora_gov.ledger import schema
from qlora_gov.ledger.connection import connect, translated
from qlora_gov.ledger.sql import copying, literal
from qlora_gov.ledger.store import ENTRY
from qlora_gov.records.table import TABLES

SCHEME = "quack:"
TOKEN = "QLORA_GOV_LEDGER_TOKEN"  # noqa: S105 - the name of a variable
_EXTENSIONS = ("httpfs", "quack")  # the second needs the first


def load_extensions(connection: duckdb.DuckDBPyConnection) -> None:
    """Load what speaks Quack from installed packages, without a download. Raises LedgerError where they are absent."""
    for name in _EXTENSIONS:
        try:
            path = files(f"duckdb_extension_{name}") / f"extensions/v{duckdb.__version__}/{name}.duckdb_extension"
        except ModuleNotFoundError as error:
            raise LedgerError("a ledger on a server needs more: run pip install 'qlora-gov[server]'") from error
        connection.execute(f"LOAD {literal(path)}")


def token() -> str:
    """The word by which the server knows its clients. Raises LedgerError where the environment has none."""
    try:
        return os.environ[TOKEN]
    except KeyError as error:
        raise LedgerError(f"a ledger on a server needs the server's token in the variable {TOKEN}") from error


class ServerSession:
    """Queries to a server; see :class:`qlora_gov.ledger.store.Session`."""

    def __init__(self, client: duckdb.DuckDBPyConnection, location: str) -> None:
        self._client = client
        self._location = location

    def execute(self, query: str, /) -> duckdb.DuckDBPyConnection:
        """Ask one query."""
        return self._client.execute(self._remote(query))

    def write(self, statements: Sequence[str], rows: Mapping[str, Mapping[str, Column]]) -> None:
        """One transaction. Rows travel as text: a million values take about two seconds."""
        inserts = [_insert(table, columns) for table, columns in rows.items()]
        self.execute("; ".join(["BEGIN", *statements, *inserts, "COMMIT"])).fetchall()

    def copy(self, query: str, path: Path) -> None:
        """Write what a query gives to a Parquet file."""
        self._client.execute(copying(self._remote(query), path))

    def close(self) -> None:
        """End the conversation."""
        self._client.close()

    def _remote(self, query: str) -> str:
        return f"FROM quack_query({literal(self._location)}, {literal(query)})"


class ServerStore:
    """The address of a server, ``quack:host:port``; see :class:`qlora_gov.ledger.store.Store`."""

    def __init__(self, location: str) -> None:
        self._location = location

    def exists(self) -> bool:
        """A server has a ledger, or is none that can be used."""
        return True

    def reader(self) -> ServerSession:
        """Open to read."""
        with translated(self._location):
            return ServerSession(self._client.cursor(), self._location)

    writer = reader

    @cached_property
    def _client(self) -> duckdb.DuckDBPyConnection:
        """A database in memory with the server's token, once the server's schema is found to be this program's."""
        client = connect()
        load_extensions(client)
        client.execute("SET enable_server_cert_verification = true")  # not the default of every HTTP client in it
        client.execute(f"CREATE SECRET (TYPE quack, TOKEN {literal(token())})")
        found = schema.version(ServerSession(client, self._location), self._location)
        if found < len(schema.MIGRATIONS):
            raise LedgerError(
                f"{self._location} has schema version {found}, this program needs {len(schema.MIGRATIONS)}: "
                "restart the server with the newer program"
            )
        return client


def _insert(table: str, columns: Mapping[str, Column]) -> str:
    """An INSERT of columns that are written as JSON, which keeps each number as it is; VALUES would round some."""
    kinds = TABLES[table]
    lists = [
        f"unnest(from_json({literal(_json(column))}, '[\"{kinds[name].rstrip('?')}\"]'))"
        for name, column in columns.items()
    ]
    return f"INSERT INTO {table} SELECT {ENTRY}, {', '.join(lists)}"


def _json(column: Column) -> str:
    return json.dumps(column.tolist() if isinstance(column, np.ndarray) else column, ensure_ascii=False)
