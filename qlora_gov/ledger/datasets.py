"""The rows of datasets as files, which may be more than a process holds."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from qlora_gov.canonical import Column
from qlora_gov.ledger.parquet import as_columns, read_parquet, reading_parquet, replacing, rows_id, write_parquet
from qlora_gov.ledger.sql import IS_PAIR, copying, literal, names
from qlora_gov.records.table import ORIGINS, TABLES, Table

_SAID = tuple(name for name in TABLES["examples"] if name not in ("row", "messages"))
"""What rows are ordered by: the id stands for the messages."""

_MEMORY = "400MB"
"""What a merge holds at once; the rest waits on the disk beside its file."""


class DatasetParquet:
    """Tables of examples in Parquet files. All methods raise DataError for what is no such file."""

    def write(self, path: Path, table: Table) -> None:
        """Write a table, whole or not at all. Raises StorageError where the disk is full or not writable."""
        write_parquet(path, table)

    def read(self, path: Path) -> dict[str, Column]:
        """Read one back."""
        return read_parquet(path)

    def merge(self, parts: Sequence[Path], path: Path) -> None:
        """Write the rows of parts as one examples table, in the order of what they say, numbered from 0."""
        by = ", ".join(f"{names([name])} NULLS FIRST" for name in _SAID)
        kept = [name for name in TABLES["examples"] if name != "row"]
        ordered = f"SELECT {names(kept)} FROM rows ORDER BY {by}"  # noqa: S608
        query = f'SELECT row_number() OVER () - 1 AS "row", * FROM ({ordered})'  # noqa: S608
        with reading_parquet(*parts) as connection, replacing(path) as draft:
            connection.execute(f"SET memory_limit = '{_MEMORY}'; SET temp_directory = {literal(draft.parent)}")
            connection.execute("SET threads = 1")  # each would hold as much
            connection.execute(copying(query, draft))

    def counts(self, path: Path, column: str) -> dict[str | None, int]:
        """How many rows have each value of a column of texts."""
        with reading_parquet(path) as connection:
            return dict(connection.execute(f"SELECT {names([column])}, count(*) FROM rows GROUP BY 1").fetchall())  # noqa: S608

    def pairs(self, path: Path) -> int:
        """How many rows are preference pairs."""
        with reading_parquet(path) as connection:
            return int(connection.execute(f"SELECT count(*) FROM rows WHERE {IS_PAIR}").fetchall()[0][0])  # noqa: S608

    def origins(self, path: Path) -> dict[str, Column]:
        """Where each row came from: the table ``origins``."""
        columns = ", ".join('id AS "example"' if name == "example" else names([name]) for name in ORIGINS)
        with reading_parquet(path) as connection:
            return as_columns(connection.execute(f"SELECT {columns} FROM rows").fetchnumpy())  # noqa: S608

    def digest(self, path: Path) -> str:
        """The columns_id of what the rows say, and not where they came from."""
        with reading_parquet(path) as connection:
            return rows_id(connection, but=["source"])

    def publish(self, path: Path, target: Path, manifest: str) -> None:
        """Write what the rows say, and not where they came from, to another file, and the manifest of them beside it.

        Each is whole or not there, the manifest last: where it is, the rows are.
        """
        with reading_parquet(path) as connection, replacing(target) as draft:
            connection.execute(copying("SELECT * EXCLUDE (source) FROM rows", draft))
        put_manifest(target, manifest)


def put_manifest(rows: Path, manifest: str) -> None:
    """Put the manifest of rows beside their file."""
    with replacing(rows.parent / "manifest.json") as draft:
        draft.write_text(f"{manifest}\n", encoding="utf-8")
