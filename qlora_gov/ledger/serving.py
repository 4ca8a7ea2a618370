"""Share a ledger file with other machines, as a DuckDB server."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from qlora_gov.ledger.connection import connect, translated
from qlora_gov.ledger.file import FileStore
from qlora_gov.ledger.server import load_extensions, token
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
        connection.execute(f"CALL quack_serve({literal(location)}, token = {literal(token())})")
        yield
