"""Examples from a table in a text file: CSV, or with another mark between the cells."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from typing import Any

from pydantic import Field

from qlora_gov import DataError, DataFile, Example
from qlora_gov_data.files import texts_of
from qlora_gov_data.rows import FileSettings, read_examples

LONGEST = 1 << 24
"""Characters of a cell; more are a quotation mark that is never closed."""


class CsvSettings(FileSettings):
    """Which file, and how its cells are parted."""

    path: DataFile = Field(description="the file, or its URL; its first line names the columns")
    delimiter: str = Field(default=",", min_length=1, max_length=1, description="what stands between two cells")


class Csv:
    """Reads row by row; a row is told by the line on which it ends. An empty cell is an absent key."""

    def __init__(self, settings: CsvSettings) -> None:
        self._settings = settings

    def read(self) -> Iterator[Example]:
        """Yield the examples in the order of their rows.

        Raises:
            DataError: The file cannot be read or holds nothing, or rows are no examples.
        """
        return read_examples(self._settings.path.name, self._rows(), self._settings)

    def _rows(self) -> Iterator[tuple[str, dict[str, Any]]]:
        csv.field_size_limit(LONGEST)
        file, name = self._settings.path, self._settings.path.name
        reader = csv.DictReader(texts_of(file), delimiter=self._settings.delimiter, strict=True, restkey="")
        try:
            for row in reader:
                if "" in row:
                    raise DataError(f"{name}:{reader.line_num}: has more cells than the first line has columns")
                yield f"{name}:{reader.line_num}", {key: value for key, value in row.items() if value}
        except csv.Error as error:
            raise DataError(f"{name}:{reader.line_num + 1}: not a row of cells: {error}") from error
