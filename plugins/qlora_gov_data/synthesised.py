"""Examples that a model made, from a file of ``qlora-gov data synthesise``: every row says by what it was made."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any

from pydantic import Field, ValidationError

from qlora_gov import DataError, DataFile, Example, SyntheticLabel, parse_json
from qlora_gov_data.files import PinnedSettings, lines_of
from qlora_gov_data.rows import Later, explain, read_examples

LABEL = "synthetic"


class SynthesisedSettings(PinnedSettings):
    """Which file."""

    path: DataFile = Field(description="the file; its manifest lies beside it")


class Synthesised:
    """Reads rows as they were made: a file that was edited since is refused, and so is a row without its label."""

    def __init__(self, settings: SynthesisedSettings) -> None:
        self._file = settings.path

    def read(self) -> Iterator[Example]:
        """Yield the examples in the order of their lines.

        Raises:
            DataError: The file is not what its manifest says, or rows are no examples or not labelled.
        """
        self._refuse_edited()
        return read_examples(self._file.name, self._rows())

    def _rows(self) -> Iterator[tuple[str, Later]]:
        for number, line in enumerate(lines_of(self._file), start=1):
            address = f"{self._file.name}:{number}"
            yield address, partial(_labelled, line, address)

    def _refuse_edited(self) -> None:
        manifest = self._file.path.with_suffix(".manifest.json")
        try:
            said = parse_json(manifest.read_bytes(), manifest.name)
        except OSError as error:
            raise DataError(f"{manifest}: cannot be read: {error.strerror}; 'data synthesise' writes it") from error
        if not isinstance(said, Mapping) or said.get("digest") != self._file.digest:
            raise DataError(
                f"{self._file.name}: is not what {manifest.name} says; run 'data synthesise' again, or read what "
                "somebody edited with jsonl"
            )


def _labelled(line: bytes, address: str) -> Any:
    """A row that says by what it was made. Raises DataError for any other."""
    row = parse_json(line, address)
    label = row.get(LABEL) if isinstance(row, Mapping) else None
    if label is None or row.get("provenance") != "synthetic":
        raise DataError(f"{address}: is not labelled: 'provenance' must be synthetic, and {LABEL!r} say who made it")
    try:
        SyntheticLabel.model_validate(label)
    except ValidationError as error:
        raise DataError(f"{address}: {LABEL}.{explain(error)}") from error
    return row
