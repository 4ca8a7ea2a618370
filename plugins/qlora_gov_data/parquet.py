"""Examples from a Parquet file."""

from __future__ import annotations

from collections.abc import Iterator

from pydantic import Field

from qlora_gov import Example, ProjectFile
from qlora_gov_data.arrow import load_rows
from qlora_gov_data.rows import RowSettings, read_examples


class ParquetSettings(RowSettings):
    """Which file."""

    path: ProjectFile = Field(description="the file, relative to the project file")


class Parquet:
    """Reads a table with the columns that a row of JSONL has as keys."""

    def __init__(self, settings: ParquetSettings) -> None:
        self._settings = settings

    def read(self) -> Iterator[Example]:
        """Yield the examples in the order of their rows, counted from 1.

        Raises:
            DataError: The file is not Parquet or holds nothing, or a row is not an example.
        """
        path = self._settings.path
        rows = load_rows(path.name, "parquet", data_files=str(path), split="train")
        return read_examples(path.name, rows, self._settings)
