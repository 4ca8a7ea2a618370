"""Rows of Arrow tables, read by the ``datasets`` library."""

from __future__ import annotations

import codecs
from collections.abc import Iterator, Sequence
from itertools import chain
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from pydantic_core import to_jsonable_python

from qlora_gov import DataError, parse_json


def load_rows(address: str, path: str, **options: Any) -> Iterator[tuple[str, Any]]:
    """Yield the rows that ``datasets.load_dataset(path, **options)`` finds, as plain JSON behind ``address:number``.

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
        if table.info.builder_name == "json" and (column := _first_time(table.features.arrow_schema)):
            # JSON has no type for a time: it was a text, and the library has written it anew.
            builder = datasets.load_dataset_builder(path, options.get("name"), cache_dir=cache)
            files = builder.config.data_files.get(options["split"], ())
            yield from _as_written(address, column, [Path(file) for file in files], len(table))
            return
    # As Arrow: the library would decode images and sounds, for which it needs further libraries.
    batches = table.with_format("arrow").iter(batch_size=1000)
    rows = chain.from_iterable(batch.to_pylist() for batch in batches)
    for number, row in enumerate(rows, start=1):
        where = f"{address}:{number}"
        yield where, _plain(row, where)


def _first_time(schema: Any) -> str | None:
    """The first column with a date or a time in it, at any depth."""
    from pyarrow.types import is_temporal

    def inside(kind: Any) -> bool:
        return is_temporal(kind) or any(inside(kind.field(at).type) for at in range(kind.num_fields))

    return next((field.name for field in schema if inside(field.type)), None)


def _as_written(address: str, column: str, files: Sequence[Path], rows: int) -> Iterator[tuple[str, Any]]:
    """Rows of JSON files, every text as it stands there.

    Raises:
        DataError: The files cannot be read so; names the column that the library would have changed.
    """
    values = list(chain.from_iterable(_values(file, f"{address}: {file.name}") for file in files))
    if len(values) != rows:  # packed files, and parts of a split
        raise DataError(
            f"{address}: {column!r} holds texts that look like times, and would be written anew; name the file itself "
            "as a source, with jsonl"
        )
    yield from ((f"{address}:{number}", value) for number, value in enumerate(values, start=1))


def _values(file: Path, where: str) -> Iterator[Any]:
    """What a file of JSON holds, in one array or a value a line; nothing, where it is neither."""
    try:
        data = file.read_bytes()
    except OSError as error:
        raise DataError(f"{where}: cannot be read: {error.strerror}") from error
    match data.removeprefix(codecs.BOM_UTF8).lstrip()[:1]:
        case b"[":
            yield from parse_json(data, where)
        case b"{":
            for number, line in enumerate(data.split(b"\n"), start=1):
                if line.strip():
                    yield parse_json(line, f"{where}:{number}")


def one_line(error: BaseException) -> str:
    """What an error of a library says, on one line."""
    return " ".join(str(error).split()) or type(error).__name__


def _plain(row: Any, address: str) -> Any:
    """Dates, decimals and the like as JSON values."""
    try:
        return to_jsonable_python(row)
    except ValueError as error:
        raise DataError(f"{address}: holds what JSON cannot carry: {one_line(error)}") from error
