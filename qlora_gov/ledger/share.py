"""Share a ledger file with other machines, as a DuckDB server."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import duckdb

from qlora_gov.errors import LedgerError
from qlora_gov.ledger.connection import connect, translated
from qlora_gov.ledger.local import FileStore
from qlora_gov.ledger.remote import ServerStore, load_extensions, token
from qlora_gov.ledger.sql import literal


@contextmanager
def serving(path: Path, location: str) -> Iterator[None]:
    """Serve a ledger file at ``location``, ``quack:localhost:port``, for the length of a block.

    A file that is not there is created. Other machines come in through a proxy that adds TLS; whoever has the token
    can write. Clients reach this one database and no file besides it.

    Raises LedgerLockedError where another process holds the file, LedgerError where it cannot be served there.
    """
    FileStore(path).writer().close()
    with closing(connect(path)) as connection, translated(location):
        load_extensions(connection)
        connection.execute("SET enable_external_access = false")
        connection.execute("SET lock_configuration = true")
        _claim(connection, location)
        connection.execute(f"CALL quack_serve({literal(location)}, token = {literal(token())})")
        # A server that is closed before it listens never ends; one that answers does listen.
        ServerStore(location).reader().close()
        yield


def _claim(connection: duckdb.DuckDBPyConnection, location: str) -> None:
    """Raise LedgerError where something listens at ``location`` already: DuckDB would share the port with it."""
    address = connection.execute(f"SELECT unnest(quack_uri_parser({literal(location)}, false))").fetchone()
    assert address is not None, "one row"
    try:
        socket.create_server(address[:2]).close()
    except OSError as error:
        raise LedgerError(f"{location} cannot be served: {error.strerror}") from error
