"""A row of any source as an example: the one place that says what a row must hold."""

from __future__ import annotations

import reprlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

import rfc8785
from pydantic import Field, ValidationError, field_validator

from qlora_gov import DataError, Example, Settings
from qlora_gov_data.files import PinnedSettings
from qlora_gov_data.shapes import Fields, Name, said_in

LABELS = ("group", "provenance", "intent", "language")
TOLD = 20
"""Rows at fault that are told in full; the others are counted."""


class RowSettings(Settings):
    """In which shape rows are, and what their keys are called."""

    shape: Name | None = Field(
        default=None, description="of the rows; where none is named, 'messages', or 'prompt' with 'response'"
    )
    columns: Mapping[str, str] = Field(
        default={}, description="keys of the rows that are called otherwise, such as {prompt: question}"
    )

    @field_validator("columns")
    @classmethod
    def _each_once(cls, columns: Mapping[str, str]) -> Mapping[str, str]:
        if len(set(columns.values())) < len(columns):
            raise ValueError("names one column twice")
        return columns


class FileSettings(RowSettings, PinnedSettings):
    """The same of rows that one file holds."""


PLAIN = RowSettings()


def read_examples(name: str, rows: Iterable[tuple[str, Any]], settings: RowSettings = PLAIN) -> Iterator[Example]:
    """Rows of the source ``name``, each behind its address, as examples.

    A row may be a function that makes it, and that raises DataError where it cannot.

    Raises:
        DataError: Rows are no examples, after the last one: a line for each of the first, then their number; or there
            is no row.
    """
    address, faults = None, []
    for address, row in rows:
        try:
            yield example_of(row() if callable(row) else row, address, settings)
        except DataError as error:
            faults.append(error.lines[0])
    if address is None:
        raise DataError(f"{name}: holds no examples")
    if faults:
        more = [f"{name}: {len(faults) - TOLD:,} more rows are at fault"] if len(faults) > TOLD else []
        raise DataError(*faults[:TOLD], *more)


Later = Callable[[], Any]
"""A row that is not made yet."""


def example_of(row: Any, source: str, settings: RowSettings = PLAIN) -> Example:
    """The example that a row describes.

    The conversation is in one of the shapes of :mod:`qlora_gov_data.shapes`. ``group`` falls back to the example's own
    id. Keys that have no meaning here are kept in ``extra``. A null is an absent key, since a table has every column in
    every row.

    Raises:
        DataError: The row is not such a mapping; the message starts with ``source``, its address.
    """
    try:
        return _example_of(row, source, settings)
    except ValidationError as error:
        raise DataError(f"{source}: {explain(error)}") from error
    except ValueError as error:
        raise DataError(f"{source}: {error}") from error


def _example_of(row: Any, source: str, settings: RowSettings) -> Example:
    if not isinstance(row, Mapping):
        raise ValueError("not an object with 'messages' or with 'prompt' and 'response'")
    fields = _renamed({key: value for key, value in row.items() if value is not None}, settings.columns)
    _check_recordable(fields)
    said = said_in(fields, settings.shape)
    labels = {label: fields.pop(label) for label in LABELS if label in fields}
    if labels.get("group") == "":
        raise ValueError("group is empty; leave the key out of a row that belongs to none")
    turns = {"messages": said.turns, "rejected": said.rejected}
    example = Example.model_validate({"group": "", **labels, **turns, "extra": fields, "source": source})
    _check_assistant(example)
    return example if example.group else example.model_copy(update={"group": example.id})


def _renamed(fields: Fields, columns: Mapping[str, str]) -> Fields:
    """The fields under the names that they have here. Raises ValueError for a column that is not there."""
    if not columns:
        return fields
    ours = {theirs: name for name, theirs in columns.items()}
    if both := [name for name in columns if name in fields and name not in ours]:
        raise ValueError(f"has a key {both[0]!r} of its own besides {columns[both[0]]!r}, which 'columns' calls so")
    return {ours.get(key, key): value for key, value in fields.items()}


def _check_recordable(fields: Fields) -> None:
    """Refuse what canonical JSON cannot carry, and so no digest cover: NaN, 2**60, half a surrogate pair."""
    for key, value in fields.items():
        try:
            rfc8785.dumps({key: value})
        except ValueError as error:
            raise ValueError(f"key {key!a} cannot be recorded: {error}") from error


def _check_assistant(example: Example) -> None:
    roles = [message.role for message in example.messages]
    if "assistant" not in roles:
        raise ValueError("no assistant turn; there is nothing to learn from or to compare with")
    if roles[-1] != "assistant":
        raise ValueError(f"ends in a turn of the role {roles[-1]!r}; the last turn must be the assistant's")
    for place, message in enumerate(example.messages):
        if message.role == "assistant" and not message.content.strip():
            raise ValueError(f"messages.{place}: the assistant's turn is empty")
    if example.rejected is not None and not example.rejected.strip():
        raise ValueError("rejected: the answer is empty")


def explain(error: ValidationError) -> str:
    """The first problem of a row in one line, with the value at fault where it is a single one."""
    first = error.errors(include_url=False)[0]
    place = ".".join(str(key) for key in first["loc"])
    value = first["input"]
    given = f", not {reprlib.repr(value)}" if isinstance(value, str | int | float) else ""
    return f"{place}: {first['msg'][0].lower()}{first['msg'][1:]}{given}"
