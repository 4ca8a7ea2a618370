"""What can be asked of an open ledger.

Values are written into the SQL as literals: a bound parameter makes DuckDB import pandas where it is installed,
which would cost every reading command half a second.
"""

from __future__ import annotations

import difflib
import re

import duckdb

from qlora_gov.canonical import parse_json
from qlora_gov.errors import IntegrityError, LedgerError
from qlora_gov.ledger.columns import names
from qlora_gov.ledger.entry import Entry, Head, Line, entry_of, place
from qlora_gov.records import AliasMove

_PREFIX = re.compile(r"(?:sha256:)?([0-9a-f]{8,64})")


def lines(connection: duckdb.DuckDBPyConnection, condition: str = "TRUE", *, limit: int | None = None) -> list[Line]:
    """The entries that fulfil an SQL condition as they are stored, newest first."""
    query = f"SELECT {names(Line._fields)} FROM entries WHERE {condition} ORDER BY seq DESC"  # noqa: S608
    return [Line(*row) for row in connection.execute(query if limit is None else f"{query} LIMIT {limit}").fetchall()]


def head(connection: duckdb.DuckDBPyConnection) -> Head | None:
    """The newest entry's number and hash."""
    row = connection.execute("SELECT seq, hash FROM entries ORDER BY seq DESC LIMIT 1").fetchone()
    return None if row is None else Head(*row)


def same(connection: duckdb.DuckDBPyConnection, id_: str, key: str | None) -> Entry | None:
    """The newest entry that holds the record ``id_`` under ``key``."""
    keyed = "key IS NULL" if key is None else f"key = {_literal(key)}"
    return _newest(connection, f"id = {_literal(id_)} AND {keyed}")


def find(connection: duckdb.DuckDBPyConnection, key: str) -> Entry | None:
    """The newest entry under ``key``."""
    return _newest(connection, f"key = {_literal(key)}")


def entries(connection: duckdb.DuckDBPyConnection, kind: str | None) -> list[Entry]:
    """All entries, or those of one kind, oldest first."""
    found = lines(connection, "TRUE" if kind is None else f"kind = {_literal(kind)}")
    return [entry_of(line) for line in reversed(found)]


def alias(connection: duckdb.DuckDBPyConnection, name: str) -> Entry | None:
    """The latest move of an alias."""
    for line in lines(connection, f"kind = {_literal(AliasMove.kind)}"):
        if parse_json(line.record)["content"]["alias"] == name:
            return entry_of(line)
    return None


def get(connection: duckdb.DuckDBPyConnection, id_or_prefix: str) -> Entry:
    """The newest entry of the record with this id, or with the only id that starts with it.

    Raises LedgerError where the prefix is too short, unknown or ambiguous.
    """
    match = _PREFIX.fullmatch(id_or_prefix)
    if match is None:
        raise LedgerError(f"{id_or_prefix!r} is no record id; write at least 8 of its hex digits")
    rows = connection.execute("SELECT DISTINCT id FROM entries ORDER BY id").fetchall()
    ids = [row[0].removeprefix("sha256:") for row in rows]
    found = [id_ for id_ in ids if id_.startswith(match[1])]
    if len(found) > 1:
        raise LedgerError(f"{id_or_prefix} is ambiguous: {' and '.join(found[:3])}; write more digits")
    if not found:
        near = difflib.get_close_matches(match[1], [id_[: len(match[1])] for id_ in ids], n=1)
        hint = f"did you mean {near[0]}?" if near else "'qlora-gov ledger' lists them"
        raise LedgerError(f"the ledger holds no record {id_or_prefix}; {hint}")
    newest = _newest(connection, f"id = {_literal(f'sha256:{found[0]}')}")
    assert newest is not None, "its id was read on this connection"
    return newest


def lineage(connection: duckdb.DuckDBPyConnection, id_: str) -> list[Entry]:
    """The records that a record was made from, parents before grandparents, each once.

    Raises LedgerError for an unknown id, IntegrityError for a parent that the ledger does not hold.
    """
    walked = [get(connection, id_)]
    seen = {walked[0].id}
    for child in walked:  # grows while it is walked
        for parent in child.record.parents:
            if parent in seen:
                continue
            entry = _newest(connection, f"id = {_literal(parent)}")
            if entry is None:
                raise IntegrityError(f"{place(child)} was made from {parent}, which the ledger does not hold")
            seen.add(parent)
            walked.append(entry)
    return walked[1:]


def _newest(connection: duckdb.DuckDBPyConnection, condition: str) -> Entry | None:
    found = lines(connection, condition, limit=1)
    return entry_of(found[0]) if found else None


def _literal(text: str) -> str:
    quoted = text.replace("'", "''")
    return f"'{quoted}'"
