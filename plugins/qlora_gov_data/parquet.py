"""Examples from a Parquet file."""

from __future__ import annotations

from collections.abc import Iterator

from pydantic import Field

from qlora_gov import Example, ProjectFile, Settings
from qlora_gov_data.arrow import load_rows
from qlora_gov_data.rows import read_examples


class ParquetSettings(Settings):
    """Which file."""

    path: ProjectFile = Field(description="the file, relative to the project file")


class Parquet:
    """Reads a table with the columns that a row of JSONL has as keys."""

    def __init__(self, settings: ParquetSettings) -> None:
        self._path = settings.path

    def read(self) -> Iterator[Example]:
        """Yield the examples in the order of their rows, counted from 1.

        Raises:
            DataError: The file is not Parquet or holds nothing, or a row is not an example.
        """
        name = self._path.name
        return read_examples(name, load_rows(name, "parquet", data_files=str(self._path), split="train"))
