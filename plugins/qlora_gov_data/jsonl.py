"""Examples from a file with one JSON object a line."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from pydantic import Field

from qlora_gov import DataFile, Example, parse_json
from qlora_gov_data.files import lines_of
from qlora_gov_data.rows import FileSettings, Later, read_examples


class JsonlSettings(FileSettings):
    """Which file."""

    path: DataFile = Field(description="the file, or its URL; also packed: .gz, .zst or .bz2")


class Jsonl:
    """Reads line by line, so that an error names the line. Blank lines are passed over."""

    def __init__(self, settings: JsonlSettings) -> None:
        self._settings = settings

    def read(self) -> Iterator[Example]:
        """Yield the examples in the order of their lines.

        Raises:
            DataError: The file cannot be read or holds nothing, or lines are no examples.
        """
        return read_examples(self._settings.path.name, self._rows(), self._settings)

    def _rows(self) -> Iterator[tuple[str, Later]]:
        file = self._settings.path
        for number, line in enumerate(lines_of(file), start=1):
            if line.strip():
                address = f"{file.name}:{number}"
                yield address, partial(parse_json, line, address)
