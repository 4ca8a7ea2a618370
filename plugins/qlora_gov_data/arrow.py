"""Rows of Arrow tables, read by the ``datasets`` library."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain
from tempfile import TemporaryDirectory
from typing import Any

from pydantic_core import to_jsonable_python

from qlora_gov import DataError


def load_rows(address: str, path: str, **options: Any) -> Iterator[tuple[int, Any]]:
    """Yield the rows that ``datasets.load_dataset(path, **options)`` finds, numbered from 1, as plain JSON.

    The library's cache serves no purpose here, as curated rows are stored in the ledger: its working copy lies in
    a temporary directory, and the home directory is left alone. Streaming would need no copy, but imports torch.

    Raises:
        DataError: The rows cannot be loaded; names ``address``.
    """
    import datasets

    datasets.disable_progress_bars()
    datasets.logging.set_verbosity(datasets.logging.CRITICAL)
    with TemporaryDirectory(prefix="qlora-gov-") as cache:
        try:
            table = datasets.load_dataset(path, cache_dir=cache, keep_in_memory=True, **options)
        # Loaders raise whatever their format's library does, and wrap it in an error that says nothing.
        except Exception as error:
            raise DataError(f"{address}: cannot be loaded: {one_line(error.__cause__ or error)}") from error
    # As Arrow: the library would decode images and sounds, for which it needs further libraries.
    batches = table.with_format("arrow").iter(batch_size=1000)
    rows = chain.from_iterable(batch.to_pylist() for batch in batches)
    for number, row in enumerate(rows, start=1):
        yield number, _plain(row, f"{address}:{number}")


def one_line(error: BaseException) -> str:
    """What an error of a library says, on one line."""
    return " ".join(str(error).split()) or type(error).__name__


def _plain(row: Any, address: str) -> Any:
    """Dates, decimals and the like as JSON values."""
    try:
        return to_jsonable_python(row)
    except ValueError as error:
        raise DataError(f"{address}: holds what JSON cannot carry: {one_line(error)}") from error
