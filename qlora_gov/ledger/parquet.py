"""Tables as Parquet files, by way of DuckDB."""

from __future__ import annotations

import glob
import tempfile
from contextlib import closing
from pathlib import Path

import numpy as np

from qlora_gov.canonical import Column
from qlora_gov.errors import DataError, LedgerError
from qlora_gov.ledger.connection import connect, translated
from qlora_gov.tables import Table


def write_parquet(path: Path, table: Table) -> None:
    """Write a table, whole or not at all. Raises StorageError where the disk is full or not writable."""
    arrays = {name: np.ascontiguousarray(column, dtype=_dtype(column)) for name, column in table.items()}
    with translated(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        with (
            tempfile.TemporaryDirectory(prefix=".new-", dir=path.parent) as directory,
            closing(connect()) as connection,
        ):
            draft = Path(directory, path.name)
            connection.register("rows", arrays)
            connection.execute("COPY rows TO ? (FORMAT parquet, COMPRESSION zstd)", [str(draft)])
            draft.replace(path)


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


def _dtype(column: Column) -> type[object] | np.dtype[np.generic]:
    return column.dtype if isinstance(column, np.ndarray) and column.dtype.kind in "biuf" else object
