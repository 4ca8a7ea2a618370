"""The ledger's schema, as numbered migrations that only ever add.

Each migration is frozen once it is released: its body and the row that records it commit in one transaction.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

import duckdb

from qlora_gov.errors import LedgerError, NewerLedgerError
from qlora_gov.ledger.connection import opened, translated
from qlora_gov.ledger.store import Session

Migration = Callable[[duckdb.DuckDBPyConnection], object]


def _entries_and_rows(connection: duckdb.DuckDBPyConnection) -> object:
    """Version 1: the chain, and the rows behind its records.

    ``entry`` is the seq of the entry that rows belong to. It is an integer and grows, so that DuckDB's zone maps
    find an entry's rows among millions without an index. ``isfinite`` is checked since NaN compares as large in SQL.
    Who appends updates ``turn`` first: of two writers, the second fails there, before it has done any work.
    """
    return connection.execute(
        """
        CREATE TABLE turn (taken BIGINT NOT NULL);
        INSERT INTO turn VALUES (0);
        CREATE TABLE migrations (version INTEGER PRIMARY KEY, name TEXT NOT NULL, "at" TEXT NOT NULL);
        CREATE TABLE entries (
            seq BIGINT PRIMARY KEY, kind TEXT NOT NULL, id TEXT NOT NULL, key TEXT, record TEXT NOT NULL,
            "at" TEXT NOT NULL, facts TEXT NOT NULL, previous TEXT NOT NULL UNIQUE, hash TEXT NOT NULL
        );
        CREATE TABLE examples (
            entry BIGINT NOT NULL, "row" BIGINT NOT NULL, id TEXT NOT NULL, messages TEXT NOT NULL,
            "group" TEXT NOT NULL, provenance TEXT, intent TEXT, language TEXT, extra TEXT NOT NULL,
            source TEXT NOT NULL
        );
        CREATE TABLE responses (
            entry BIGINT NOT NULL, "row" BIGINT NOT NULL, example TEXT NOT NULL, response TEXT NOT NULL,
            finish TEXT NOT NULL
        );
        CREATE TABLE likelihoods (
            entry BIGINT NOT NULL, "row" BIGINT NOT NULL, nll DOUBLE NOT NULL CHECK (isfinite(nll)),
            tokens BIGINT NOT NULL, bytes BIGINT NOT NULL
        );
        CREATE TABLE recorded (
            entry BIGINT NOT NULL, "row" BIGINT NOT NULL, name TEXT NOT NULL,
            "value" DOUBLE NOT NULL CHECK (isfinite("value"))
        );
        CREATE TABLE scores (
            entry BIGINT NOT NULL, metric BIGINT NOT NULL, component BIGINT NOT NULL, "row" BIGINT NOT NULL,
            "value" DOUBLE NOT NULL CHECK (isfinite("value"))
        );
        CREATE TABLE findings (
            entry BIGINT NOT NULL, "row" BIGINT NOT NULL, field TEXT NOT NULL, detector BIGINT NOT NULL,
            kind TEXT NOT NULL, score DOUBLE NOT NULL CHECK (isfinite(score)), "start" BIGINT NOT NULL,
            "end" BIGINT NOT NULL
        );
        """
    )


def _origins_and_changes(connection: duckdb.DuckDBPyConnection) -> object:
    """Version 2: where the rows of training sets came from, and what curation did with each row that it treated."""
    return connection.execute(
        """
        CREATE TABLE origins (
            entry BIGINT NOT NULL, "row" BIGINT NOT NULL, example TEXT NOT NULL, provenance TEXT, source TEXT NOT NULL
        );
        CREATE TABLE changes (
            entry BIGINT NOT NULL, "row" BIGINT NOT NULL, step BIGINT NOT NULL, source TEXT NOT NULL,
            example TEXT NOT NULL, became TEXT, reason TEXT NOT NULL, score DOUBLE CHECK (isfinite(score)),
            matched TEXT, spans TEXT
        );
        """
    )


MIGRATIONS: tuple[Migration, ...] = (_entries_and_rows, _origins_and_changes)


def version(session: Session, where: object) -> int:
    """The schema version of an open ledger.

    Raises LedgerError where the database is no ledger, NewerLedgerError where this program is too old for it.
    """
    try:
        found = session.execute("SELECT coalesce(max(version), 0) FROM migrations").fetchall()[0][0]
    except duckdb.Error as error:
        if "migrations does not exist" not in str(error):
            raise
        raise LedgerError(f"{where} is a DuckDB database, but not a ledger") from error
    if found > len(MIGRATIONS):
        raise NewerLedgerError(
            f"{where} has schema version {found}, this program knows {len(MIGRATIONS)}: upgrade qlora-gov"
        )
    return int(found)


def migrate(connection: duckdb.DuckDBPyConnection, current: int) -> None:
    """Bring a ledger from version ``current`` to the newest, each step in a transaction of its own."""
    for number, migration in enumerate(MIGRATIONS[current:], start=current + 1):
        connection.begin()
        migration(connection)
        now = datetime.now(UTC).isoformat(timespec="milliseconds")
        connection.execute("INSERT INTO migrations VALUES (?, ?, ?)", [number, migration.__name__.strip("_"), now])
        connection.commit()


def create(path: Path) -> None:
    """Create an empty ledger, whole or not at all; one that another process created meanwhile stays as it is.

    DuckDB cannot open a file that it was killed while creating, so the file is made elsewhere and then linked.
    """
    with translated(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".new-ledger-", dir=path.parent) as directory:
            draft = Path(directory, path.name)
            with opened(draft) as connection:
                migrate(connection, 0)
                connection.execute("CHECKPOINT")
            with suppress(FileExistsError):
                os.link(draft, path)
