"""Examples from a file with one JSON object a line."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from pydantic import Field

from qlora_gov import Example, ProjectFile, parse_json
from qlora_gov_data.files import lines_of
from qlora_gov_data.rows import Later, RowSettings, read_examples


class JsonlSettings(RowSettings):
    """Which file."""

    path: ProjectFile = Field(description="the file, relative to the project file; also packed: .gz, .zst or .bz2")


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

    def _rows(self) -> Iterator[tuple[int, Later]]:
        path = self._settings.path
        for number, line in enumerate(lines_of(path), start=1):
            if line.strip():
                yield number, partial(parse_json, line, f"{path.name}:{number}")
