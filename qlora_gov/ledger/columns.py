"""Rows of a table: their types, and back from the ledger in the order in which they were appended."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qlora_gov.canonical import Column
from qlora_gov.errors import IntegrityError
from qlora_gov.ledger.sql import names
from qlora_gov.ledger.store import Session
from qlora_gov.records.table import TABLES, Bools, Floats, Table, scores_of

_DTYPES: Mapping[str, type[np.generic]] = {"BIGINT": np.int64, "DOUBLE": np.float64}


def typed(name: str, table: Table) -> dict[str, Column]:
    """The columns of table ``name``, in their order and with their types: arrays of numbers, lists of texts.

    Raises ValueError for what such a table cannot hold: other columns, unequal lengths, NaN, a text too few.
    """
    kinds = TABLES[name]
    if set(table) != set(kinds):
        raise ValueError(f"table {name!r} has the columns {sorted(kinds)}, not {sorted(table)}")
    columns = {column: _typed(f"{name}.{column}", kind, table[column]) for column, kind in kinds.items()}
    if len({len(column) for column in columns.values()}) > 1:
        raise ValueError(f"table {name!r} has columns of unequal lengths")
    return columns


def read(session: Session, entry: int, name: str) -> dict[str, Column]:
    """The rows of an entry as typed columns, in the order in which they were appended, so that digests re-derive."""
    return read_several(session, [entry], name)[entry]


def read_several(session: Session, entries: Sequence[int], name: str) -> dict[int, dict[str, Column]]:
    """The same for several entries by one query, which is faster where they lie close to each other."""
    kinds = TABLES[name]
    query = f"SELECT entry, {names(kinds)} FROM {name} WHERE entry BETWEEN {min(entries)} AND {max(entries)}"  # noqa: S608
    arrays = session.execute(query).fetchnumpy()
    owners = arrays["entry"]
    if np.any(np.diff(owners) < 0):  # only where somebody moved rows: entries are appended one after the other
        order = np.argsort(owners, kind="stable")
        owners, arrays = owners[order], {column: values[order] for column, values in arrays.items()}
    tables: dict[int, dict[str, Column]] = {}
    for entry in entries:
        mine = slice(np.searchsorted(owners, entry), np.searchsorted(owners, entry, side="right"))
        found = {column: arrays[column][mine] for column in kinds}
        tables[entry] = {column: rows if kinds[column] in _DTYPES else rows.tolist() for column, rows in found.items()}
    return tables


def scores(table: Table, index: int, rows: int, k: int) -> tuple[Floats, Bools]:
    """One metric's statistics ``[rows, k]`` and scored rows ``[rows]`` from a table of scores.

    Raises IntegrityError unless every scored row has each of the k components exactly once, in the order of
    :func:`qlora_gov.records.table.scores_table`.
    """
    mine = np.asarray(table["metric"]) == index
    row, component = np.asarray(table["row"])[mine], np.asarray(table["component"])[mine]
    scored = row[: row.size // max(k, 1)]
    whole = np.array_equal(row, np.tile(scored, k)) and np.array_equal(component, np.repeat(np.arange(k), scored.size))
    ordered = np.all(np.diff(scored, prepend=-1, append=rows) > 0)
    if not (whole and ordered):
        raise IntegrityError(f"its scores are not {k} for each of the scored rows among {rows}")
    return scores_of(table, index, rows, k)


def _typed(where: str, kind: str, column: Column) -> Column:
    if kind in _DTYPES:
        return _numbers(where, np.asarray(column), _DTYPES[kind])
    values: list[Any] = column.tolist() if isinstance(column, np.ndarray) else list(column)
    if kind == "DOUBLE?":
        given = _numbers(where, np.array([value for value in values if value is not None], dtype=float), np.float64)
        present = iter(given.tolist())
        return [None if value is None else next(present) for value in values]
    return _texts(where, values, optional=kind.endswith("?"))


def _numbers(where: str, values: NDArray[Any], dtype: type[np.generic]) -> NDArray[Any]:
    if values.ndim != 1 or (values.size and not np.can_cast(values.dtype, dtype)):
        raise ValueError(f"{where} holds {values.dtype} of shape {values.shape}, not a column of {dtype.__name__}")
    if not np.all(np.isfinite(values)):
        raise ValueError(f"{where} holds a number that is not finite")
    return np.ascontiguousarray(values, dtype=dtype)  # DuckDB reads no strides


def _texts(where: str, texts: Sequence[Any], *, optional: bool) -> list[str | None]:
    for text in texts:
        if not (isinstance(text, str) or (optional and text is None)):
            raise ValueError(f"{where} holds {text!r}, not a text")
    return list(texts)
