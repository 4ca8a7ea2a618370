from __future__ import annotations

import base64
import zlib

import duckdb
import pytest

from qlora_gov.errors import LedgerError, NewerLedgerError
from qlora_gov.ledger import Ledger, schema
from qlora_gov.ledger.connection import opened
from qlora_gov.records import Policy
from qlora_gov.records.table import TABLES
from tests.ledger.samples import Release

# The first block of a file that DuckDB 2.0.0 wrote.
NEWER_DUCKDB = zlib.decompress(
    base64.b64decode(
        "eNrb6bJAr6KNvd4l1Nn7OTMDUaDMSM9AzwC3fIqpSXJSUqpxShp+czra5886E3h3ecDKyy9udIXcYxgFo2AUjIJRMApGwSgYBaNgFIyCUTAKRgFN"
        "AAAATxRM"
    )
)


NOW = [(1, "entries_and_rows"), (2, "origins_and_changes")]


def add_remarks(connection: duckdb.DuckDBPyConnection) -> object:
    return connection.execute("CREATE TABLE remarks (entry BIGINT NOT NULL, remark TEXT NOT NULL)")


def break_halfway(connection: duckdb.DuckDBPyConnection) -> object:
    add_remarks(connection)
    return connection.execute("INSERT INTO remarks VALUES (NULL, NULL)")


def versions(ledger: Ledger) -> list[tuple[int, str]]:
    with duckdb.connect(str(ledger.location)) as connection:
        return connection.execute("SELECT version, name FROM migrations ORDER BY version").fetchall()


def test_the_newest_schema_has_the_tables_that_the_code_knows(ledger: Ledger) -> None:
    schema.create(ledger.location)
    with opened(ledger.location) as connection:
        for name, kinds in TABLES.items():
            rows = connection.execute(
                f"SELECT column_name, data_type, is_nullable FROM duckdb_columns() WHERE table_name = '{name}'"
                " ORDER BY column_index"
            ).fetchall()
            expected = {column: (kind.rstrip("?"), kind.endswith("?")) for column, kind in kinds.items()}
            found = {column: (kind.replace("VARCHAR", "TEXT"), optional) for column, kind, optional in rows}
            assert found == {"entry": ("BIGINT", False), **expected}
            assert list(found) == ["entry", *expected]


@pytest.mark.parametrize(("table", "column"), [("scores", "value"), ("likelihoods", "nll"), ("findings", "score")])
@pytest.mark.parametrize("value", ["nan", "inf"])
def test_a_number_that_is_not_finite_is_refused(ledger: Ledger, table: str, column: str, value: str) -> None:
    schema.create(ledger.location)
    values = [f"'{value}'::DOUBLE" if name == column else "0" for name in TABLES[table]]
    with opened(ledger.location) as connection, pytest.raises(duckdb.ConstraintException, match="CHECK constraint"):
        connection.execute(f"INSERT INTO {table} VALUES (1, {', '.join(values)})")


def test_creating_leaves_a_ledger_that_another_created(release: Release) -> None:
    schema.create(release.ledger.location)
    assert len(release.ledger.entries()) == len(release.entries)
    assert [path.name for path in release.ledger.location.parent.iterdir()] == ["ledger.duckdb"]


def test_migrations_are_recorded(release: Release) -> None:
    assert versions(release.ledger) == NOW


def test_an_older_ledger_is_migrated_by_the_next_append(release: Release, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(schema, "MIGRATIONS", (*schema.MIGRATIONS, add_remarks))
    release.ledger.append(Policy(rules=()))
    assert versions(release.ledger) == [*NOW, (3, "add_remarks")]
    assert len(release.ledger.entries()) == len(release.entries) + 1


def test_an_older_ledger_is_migrated_before_it_is_read(release: Release, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(schema, "MIGRATIONS", (*schema.MIGRATIONS, add_remarks))
    with release.ledger.reading() as connection:
        assert connection.execute("SELECT count(*) FROM remarks").fetchall() == [(0,)]
    assert release.ledger.entries() == list(release.entries.values())
    assert versions(release.ledger) == [*NOW, (3, "add_remarks")]


def test_a_migration_that_fails_changes_nothing(release: Release, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(schema, "MIGRATIONS", (*schema.MIGRATIONS, break_halfway))
        with pytest.raises(LedgerError, match="NOT NULL constraint"):
            release.ledger.entries()
    assert release.ledger.entries() == list(release.entries.values())
    with release.ledger.reading() as connection, pytest.raises(duckdb.CatalogException):
        connection.execute("SELECT * FROM remarks")


def test_a_ledger_of_a_newer_version_is_left_alone(release: Release) -> None:
    with duckdb.connect(str(release.ledger.location)) as connection:
        connection.execute("INSERT INTO migrations VALUES (7, 'from_the_future', '')")
    for operation in (Ledger.entries, lambda ledger: ledger.append(Policy(rules=()))):
        with pytest.raises(NewerLedgerError, match="has schema version 7, this program knows 2: upgrade qlora-gov"):
            operation(release.ledger)
    assert versions(release.ledger)[-1][0] == 7


def test_a_file_of_a_newer_duckdb_asks_for_an_upgrade(ledger: Ledger) -> None:
    ledger.location.parent.mkdir()
    ledger.location.write_bytes(NEWER_DUCKDB + bytes(2 * 4096))
    for operation in (Ledger.entries, lambda ledger: ledger.append(Policy(rules=()))):
        with pytest.raises(NewerLedgerError, match=r"by another version of DuckDB than 1\.\d+\.\d+: upgrade it"):
            operation(ledger)


def test_another_database_is_not_taken_for_a_ledger(ledger: Ledger) -> None:
    ledger.location.parent.mkdir()
    with duckdb.connect(str(ledger.location)) as connection:
        connection.execute("CREATE TABLE customers (name TEXT)")
    for operation in (Ledger.entries, lambda ledger: ledger.append(Policy(rules=()))):
        with pytest.raises(LedgerError, match="is a DuckDB database, but not a ledger"):
            operation(ledger)
