"""Files as lines, of bytes or of text, packed or not."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Annotated

from pydantic import Field

from qlora_gov import DataError, DataFile, Settings

PACKED = {".gz": "gzip", ".zst": "zstd", ".bz2": "bz2"}
"""How a file is packed, by the end of its name."""


class PinnedSettings(Settings):
    """The digest that the bytes of what is read must have."""

    sha256: Annotated[str, Field(pattern="^(sha256:)?[0-9a-f]{64}$")] | None = Field(
        default=None, exclude=True, description="digest that the bytes of path must have; others are refused"
    )


def lines_of(file: DataFile) -> Iterator[bytes]:
    """The lines of a file, each with its end.

    Raises:
        DataError: The file cannot be read, or not unpacked.
    """
    with ExitStack() as stack:
        try:
            if (kind := PACKED.get(file.path.suffix)) is None:
                yield from stack.enter_context(file.path.open("rb"))
            else:
                yield from stack.enter_context(_unpacked(file, kind))
        except OSError as error:
            raise DataError(f"{file.name}: cannot be read: {error.strerror or error}") from error


def texts_of(file: DataFile) -> Iterator[str]:
    """The lines of a file as text, each with its end, without a mark of the byte order.

    Raises:
        DataError: The file cannot be read, not unpacked, or is not UTF-8; it names the line.
    """
    for number, line in enumerate(lines_of(file), start=1):
        try:
            yield line.decode("utf-8-sig" if number == 1 else "utf-8")
        except UnicodeDecodeError as error:
            raise DataError(
                f"{file.name}:{number}: not UTF-8: byte {error.start + 1}; save the file as UTF-8"
            ) from error


def _unpacked(file: DataFile, kind: str) -> io.BufferedReader:
    try:
        import pyarrow
    except ImportError as error:
        raise DataError(f'{file.name}: to unpack it, run: pip install "qlora-gov[data]"') from error
    return io.BufferedReader(pyarrow.input_stream(str(file.path), compression=kind), buffer_size=1 << 16)
