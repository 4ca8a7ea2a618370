"""Rows of dataset versions as files for everybody: turns as lists of role and content, where a ledger holds JSON."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import duckdb
import numpy as np

from qlora_gov.canonical import canonical_json, columns_id
from qlora_gov.ledger.datasets import put_manifest
from qlora_gov.ledger.entry import Entry
from qlora_gov.ledger.ledger import Ledger
from qlora_gov.ledger.parquet import read_parquet, reading_parquet, replacing, rows_id
from qlora_gov.ledger.reading import held
from qlora_gov.ledger.sql import copying, names
from qlora_gov.records import DatasetVersion
from qlora_gov.records.table import TABLES

ROWS, ORIGINS, CHANGES = "rows.parquet", "origins.parquet", "changes.parquet"
"""The files of a version; of one that put no drops on record, the last is not there."""

_TURNS = 'STRUCT("role" VARCHAR, "content" VARCHAR)[]'
# DuckDB's JSON is the canonical form, but for control characters, which it may spell with capital digits.
_CLOSED = """
    CASE WHEN contains(to_json(messages), '\\u00') THEN canonical(messages)
    ELSE to_json(list_transform(messages, lambda turn: {'content': turn.content, 'role': turn.role})) END AS messages
"""
_OPENED = """from_json(messages, '[{"role": "VARCHAR", "content": "VARCHAR"}]') AS messages"""

# The rejected answer of a pair has a column of its own, which is there where a version holds pairs.
_REJECTED = """json_extract_string(messages, '$[#-1].rejected') AS rejected"""
_CLOSED_PAIRS = "canonical_pair(messages, rejected) AS messages"


def export_tables(ledger: Ledger, entry: Entry, rows: Path, folder: Path) -> None:
    """Write a dataset version's rows, where each came from, and, where it is on record, what became of the others.

    ``rows`` is the file of a training set's rows. Nothing is more than a part at a time in memory. Raises DataError
    where that file is absent, StorageError where the disk is full or not writable.
    """
    version = held(entry, DatasetVersion)
    # Rows of the first release have their source among what the digest covers.
    said = [name for name in TABLES["examples"] if name != "source" or version.origins is None]
    opened = f"{_OPENED}, {_REJECTED}" if version.pairs else _OPENED
    shared = ", ".join(opened if name == "messages" else names([name]) for name in said)
    origins = ", ".join('id AS "example"' if name == "example" else names([name]) for name in TABLES["origins"])
    if version.role == "evaluation":
        _copy(ledger, entry, f"{shared} FROM examples", folder / ROWS)
        _copy(ledger, entry, f"{origins} FROM examples", folder / ORIGINS)
    else:
        _convert(rows, shared, folder / ROWS)
        if version.origins is None:
            _convert(rows, origins, folder / ORIGINS)
        else:
            _copy(ledger, entry, f"{names(TABLES['origins'])} FROM origins", folder / ORIGINS)
    if version.changes is not None:
        _copy(ledger, entry, f"{names(TABLES['changes'])} FROM changes", folder / CHANGES)


def restore_rows(exported: Path, target: Path, manifest: str) -> None:
    """Write exported rows as a workspace keeps them, and then their manifest beside them.

    Raises what :func:`exported_rows_id` does, and StorageError.
    """
    with _reading_export(exported) as connection, replacing(target) as draft:
        connection.execute(copying("FROM rows", draft))
    put_manifest(target, manifest)


def exported_rows_id(path: Path) -> str:
    """The digest of exported rows as a version states it. Raises DataError where the file holds no such rows."""
    with _reading_export(path) as connection:
        return rows_id(connection)


def exported_table_id(path: Path, name: str) -> str:
    """The columns_id of an exported table. Raises DataError where the file is absent or not Parquet."""
    optional = [column for column, kind in TABLES[name].items() if kind == "DOUBLE?"]  # texts, to a digest
    table = read_parquet(path)
    return columns_id(table | {column: np.ma.asarray(table[column]).tolist() for column in optional if column in table})


@contextmanager
def _reading_export(path: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection in which ``rows`` is what exported rows are in a ledger."""
    with reading_parquet(path) as connection:
        connection.create_function("canonical", _canonical, [_TURNS], "VARCHAR")
        connection.create_function("canonical_pair", _pair, [_TURNS, "VARCHAR"], "VARCHAR", null_handling="special")
        connection.execute("ALTER VIEW rows RENAME TO exported")
        pairs = "rejected" in {name for name, *_ in connection.execute("DESCRIBE exported").fetchall()}
        columns = f"* EXCLUDE (rejected) REPLACE ({_CLOSED_PAIRS})" if pairs else f"* REPLACE ({_CLOSED})"
        connection.execute(f"CREATE VIEW rows AS SELECT {columns} FROM exported")  # noqa: S608
        yield connection


def _canonical(turns: list[Mapping[str, Any]]) -> str:
    """Turns as a ledger holds them."""
    return canonical_json(turns).decode()


def _pair(turns: list[Mapping[str, Any]], rejected: str | None) -> str:
    """The same with the answer that was rejected in favour of the last turn."""
    return _canonical(turns if rejected is None else [*turns[:-1], {**turns[-1], "rejected": rejected}])


def _convert(rows: Path, columns: str, path: Path) -> None:
    with reading_parquet(rows) as connection, replacing(path) as draft:
        connection.execute(copying(f"SELECT {columns} FROM rows", draft))  # noqa: S608


def _copy(ledger: Ledger, entry: Entry, query: str, path: Path) -> None:
    with ledger.reading() as session, replacing(path) as draft:
        session.copy(f"SELECT {query} WHERE entry = {entry.seq}", draft)
