"""Files as lines of bytes, packed or not."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

from qlora_gov import DataError

PACKED = {".gz": "gzip", ".zst": "zstd", ".bz2": "bz2"}
"""How a file is packed, by the end of its name."""


def lines_of(path: Path) -> Iterator[bytes]:
    """The lines of a file, each with its end.

    Raises:
        DataError: The file cannot be read, or not unpacked.
    """
    with ExitStack() as stack:
        try:
            if (kind := PACKED.get(path.suffix)) is None:
                yield from stack.enter_context(path.open("rb"))
            else:
                yield from stack.enter_context(_unpacked(path, kind))
        except OSError as error:
            raise DataError(f"{path}: cannot be read: {error.strerror or error}") from error


def _unpacked(path: Path, kind: str) -> io.BufferedReader:
    try:
        import pyarrow
    except ImportError as error:
        raise DataError(f'{path}: to unpack it, run: pip install "qlora-gov[data]"') from error
    return io.BufferedReader(pyarrow.input_stream(str(path), compression=kind), buffer_size=1 << 16)
