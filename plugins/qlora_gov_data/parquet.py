"""Examples from a Parquet file."""

from __future__ import annotations

from collections.abc import Iterator

from pydantic import Field

from qlora_gov import DataFile, Example
from qlora_gov_data.arrow import load_rows
from qlora_gov_data.rows import FileSettings, read_examples


class ParquetSettings(FileSettings):
    """Which file."""

    path: DataFile = Field(description="the file, or its URL")


class Parquet:
    """Reads a table with the columns that a row of JSONL has as keys."""

    def __init__(self, settings: ParquetSettings) -> None:
        self._settings = settings

    def read(self) -> Iterator[Example]:
        """Yield the examples in the order of their rows, counted from 1.

        Raises:
            DataError: The file is not Parquet or holds nothing, or a row is not an example.
        """
        file = self._settings.path
        rows = load_rows(file.name, "parquet", data_files=str(file.path), split="train")
        return read_examples(file.name, rows, self._settings)
