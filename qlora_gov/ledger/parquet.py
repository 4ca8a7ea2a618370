"""Tables as Parquet files, by way of DuckDB."""

from __future__ import annotations

import glob
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import numpy as np

from qlora_gov.canonical import Column
from qlora_gov.errors import DataError, LedgerError, UsageError, did_you_mean
from qlora_gov.ledger.connection import connect, translated
from qlora_gov.ledger.ledger import Ledger
from qlora_gov.ledger.sql import copying
from qlora_gov.records.table import TABLES, Table

_EXPORTED = ("entries", *TABLES)


def write_parquet(path: Path, table: Table) -> None:
    """Write a table, whole or not at all. Raises StorageError where the disk is full or not writable."""
    arrays = {name: np.ascontiguousarray(column, dtype=_dtype(column)) for name, column in table.items()}
    with _replacing(path) as draft, closing(connect()) as connection:
        connection.register("rows", arrays)
        connection.execute(copying("FROM rows", draft))


def export(ledger: Ledger, name: str, path: Path) -> None:
    """Write a whole table of a ledger to a Parquet file, whole or not at all: its entries, or the rows of all of them.

    Raises UsageError where a ledger has no such table, StorageError where the disk is full or not writable.
    """
    if name not in _EXPORTED:
        raise UsageError(f"a ledger has no table {name!r}; {did_you_mean(name, _EXPORTED)}")
    with ledger.reading() as session, _replacing(path) as draft:
        session.copy(f"FROM {name}", draft)


def read_parquet(path: Path) -> dict[str, Column]:
    """Read a table back: numbers as arrays, texts as lists, in the order in which they were written.

    Raises DataError where the file is absent or not Parquet.
    """
    if not path.is_file():
        raise DataError(f"no such file: {path}")
    try:
        with translated(path), closing(connect()) as connection:
            # DuckDB would take * and ? in a path as a pattern
            arrays = connection.execute("SELECT * FROM read_parquet(?)", [glob.escape(str(path))]).fetchnumpy()
    except LedgerError as error:
        raise DataError(str(error)) from error
    return {name: array.tolist() if array.dtype == object else array for name, array in arrays.items()}


@contextmanager
def _replacing(path: Path) -> Iterator[Path]:
    """Where to write what then takes the place of ``path``."""
    with translated(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".new-", dir=path.parent) as directory:
            draft = Path(directory, path.name)
            yield draft
            draft.replace(path)


def _dtype(column: Column) -> type[object] | np.dtype[np.generic]:
    return column.dtype if isinstance(column, np.ndarray) and column.dtype.kind in "biuf" else object
