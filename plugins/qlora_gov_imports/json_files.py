"""Files of JSON, with errors that name the file and the line."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from qlora_gov import DataError, parse_json


def read_json(path: Path) -> Any:
    """The value that a file holds. Raises DataError that names the file."""
    try:
        return _parse(path.read_bytes(), str(path))
    except OSError as error:
        raise DataError(f"{path}: cannot be read: {error.strerror}") from error


def read_json_lines(path: Path) -> Iterator[tuple[int, Any]]:
    """Yield the number and value of each line but blank ones. Raises DataError that names file and line."""
    try:
        with path.open("rb") as stream:
            for number, line in enumerate(stream, start=1):
                if line.strip():
                    yield number, _parse(line, f"{path}:{number}")
    except OSError as error:
        raise DataError(f"{path}: cannot be read: {error.strerror}") from error


def _parse(data: bytes, address: str) -> Any:
    value = parse_json(data, address)
    if b"\\ud" in data.lower():  # an escape that may be half of a surrogate pair, which no digest could cover
        try:
            json.dumps(value, ensure_ascii=False).encode()
        except UnicodeEncodeError as error:
            raise DataError(f"{address}: not usable JSON: {error}") from error
    return value
