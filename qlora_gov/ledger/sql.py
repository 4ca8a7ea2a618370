"""Pieces of SQL text.

Values are written into queries as literals: a bound parameter makes DuckDB import pandas where it is installed,
which would cost every reading command half a second.
"""

from __future__ import annotations

from collections.abc import Iterable

MOVED = "made before the newest of its kind"
"""What the database says where an append comes too late for what its record was made after."""

IS_PAIR = """contains(messages, '","rejected":"')"""
"""Whether a row is a preference pair: in canonical JSON, no text spells that, since its quotes have backslashes."""


def names(columns: Iterable[str]) -> str:
    """Column names, quoted since some of them are words of SQL."""
    return ", ".join(f'"{column}"' for column in columns)


def literal(text: object) -> str:
    """A text, quoted."""
    quoted = str(text).replace("'", "''")
    return f"'{quoted}'"


def optional(text: str | None) -> str:
    """A text, or NULL."""
    return "NULL" if text is None else literal(text)


def copying(query: str, path: object) -> str:
    """The statement that writes what a query gives to a Parquet file, in the order in which it gives it.

    Whoever reads it holds a group of rows at once, which may be long ones.
    """
    return f"COPY ({query}) TO {literal(path)} (FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE 4096)"
