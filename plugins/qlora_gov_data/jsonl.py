"""Examples from a file with one JSON object a line."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pydantic import Field

from qlora_gov import DataError, Example, ProjectFile, Settings, parse_json
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
                        yield number, parse_json(line, f"{self._path.name}:{number}")
        except OSError as error:
            raise DataError(f"{self._path}: cannot be read: {error.strerror}") from error
