"""Tables as Parquet files, by way of DuckDB."""

from __future__ import annotations

import glob
import tempfile
from collections.abc import Collection, Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
from numpy.typing import NDArray

from qlora_gov.canonical import Column, StreamedTexts, columns_id
from qlora_gov.errors import DataError, LedgerError, UsageError, did_you_mean
from qlora_gov.ledger.connection import connect, translated
from qlora_gov.ledger.ledger import Ledger
from qlora_gov.ledger.sql import copying, literal, names
from qlora_gov.records.table import TABLES, Table

_EXPORTED = ("entries", *TABLES)
_CHUNK = 10_000


def write_parquet(path: Path, table: Table) -> None:
    """Write a table, whole or not at all. Raises StorageError where the disk is full or not writable."""
    arrays = {name: np.ascontiguousarray(column, dtype=_dtype(column)) for name, column in table.items()}
    with replacing(path) as draft, closing(connect()) as connection:
        connection.register("rows", arrays)
        connection.execute(copying("FROM rows", draft))


def export(ledger: Ledger, name: str, path: Path) -> None:
    """Write a whole table of a ledger to a Parquet file, whole or not at all: its entries, or the rows of all of them.

    Raises UsageError where a ledger has no such table, StorageError where the disk is full or not writable.
    """
    if name not in _EXPORTED:
        raise UsageError(f"a ledger has no table {name!r}; {did_you_mean(name, _EXPORTED)}")
    with ledger.reading() as session, replacing(path) as draft:
        session.copy(f"FROM {name}", draft)


def read_parquet(path: Path) -> dict[str, Column]:
    """Read a table back: numbers as arrays, texts as lists, in the order in which they were written.

    Raises DataError where the file is absent or not Parquet.
    """
    with reading_parquet(path) as connection:
        return as_columns(connection.execute("FROM rows").fetchnumpy())


def as_columns(arrays: Mapping[str, NDArray[Any]]) -> dict[str, Column]:
    """What DuckDB gives as numpy's: texts as lists."""
    return {name: array.tolist() if array.dtype == object else array for name, array in arrays.items()}


def parquet_id(path: Path) -> str:
    """The columns_id of a table in a file, of which no more than a part is in memory.

    Raises DataError where the file is absent or not Parquet.
    """
    with reading_parquet(path) as connection:
        return rows_id(connection)


def rows_id(connection: duckdb.DuckDBPyConnection, but: Collection[str] = ()) -> str:
    """The same of the table ``rows`` of an open connection, without some of its columns."""
    kinds = {name: str(kind) for name, kind, *_ in connection.execute("DESCRIBE rows").fetchall() if name not in but}
    return columns_id({name: _streamed(connection, name, kind) for name, kind in kinds.items()})


def _streamed(connection: duckdb.DuckDBPyConnection, name: str, kind: str) -> Column | StreamedTexts:
    column = names([name])
    if kind != "VARCHAR":
        numbers: NDArray[Any] = connection.execute(f"SELECT {column} FROM rows").fetchnumpy()[name]  # noqa: S608
        return numbers

    def chunks() -> Iterator[bytes]:
        found = connection.execute(f"SELECT {column} FROM rows")  # noqa: S608
        while rows := found.fetchmany(_CHUNK):
            yield "".join(text for (text,) in rows if text is not None).encode()

    lengths = connection.execute(f"SELECT coalesce(strlen({column}), -1) AS bytes FROM rows").fetchnumpy()  # noqa: S608
    return StreamedTexts(lengths["bytes"], chunks())


@contextmanager
def reading_parquet(*paths: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection in which the view ``rows`` is what some files hold, one after the other.

    Raises DataError where one is absent or not Parquet.
    """
    for path in paths:
        if not path.is_file():
            raise DataError(f"no such file: {path}")
    # DuckDB would take * and ? in a path as a pattern
    files = ", ".join(literal(glob.escape(str(path))) for path in paths)
    try:
        with translated(paths[0]), closing(connect()) as connection:
            connection.execute(f"CREATE VIEW rows AS FROM read_parquet([{files}])")
            yield connection
    except LedgerError as error:
        raise DataError(str(error)) from error


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Where to write what then takes the place of ``path``."""
    with translated(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".new-", dir=path.parent) as directory:
            draft = Path(directory, path.name)
            yield draft
            draft.replace(path)


def _dtype(column: Column) -> type[object] | np.dtype[np.generic]:
    return column.dtype if isinstance(column, np.ndarray) and column.dtype.kind in "biuf" else object
