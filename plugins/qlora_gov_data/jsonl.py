"""Examples from a file with one JSON object a line."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from pydantic import Field

from qlora_gov import DataError, Example, ProjectFile, Settings
from qlora_gov_data.rows import read_examples


class JsonlSettings(Settings):
    """Which file."""

    path: ProjectFile = Field(description="the file, relative to the project file")


class Jsonl:
    """Reads line by line, so that an error names the line. Blank lines are passed over."""

    def __init__(self, settings: JsonlSettings) -> None:
        self._path = settings.path

    def read(self) -> Iterator[Example]:
        """Yield the examples in the order of their lines.

        Raises:
            DataError: The file cannot be read or holds nothing, or a line is not an example.
        """
        return read_examples(self._path.name, self._rows())

    def _rows(self) -> Iterator[tuple[int, Any]]:
        try:
            with self._path.open("rb") as stream:
                for number, line in enumerate(stream, start=1):
                    if line.strip():
                        yield number, _parse(line, f"{self._path.name}:{number}")
        except OSError as error:
            raise DataError(f"{self._path}: cannot be read: {error.strerror}") from error


def _parse(line: bytes, address: str) -> Any:
    try:
        # Editors on Windows put a byte order mark before the first line.
        return json.loads(line.rstrip().decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        raise DataError(f"{address}: not UTF-8: byte {error.start + 1} of the line; save the file as UTF-8") from error
    except json.JSONDecodeError as error:
        raise DataError(f"{address}: not valid JSON: {error.msg} at column {error.colno}") from error
    except (ValueError, RecursionError) as error:
        raise DataError(f"{address}: not usable JSON: {error}") from error
