"""Rows as components give them, made fit for training, evaluation and a ledger."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import PurePosixPath
from typing import TypeVar

from pydantic import ValidationError

from qlora_gov.canonical import canonical_json
from qlora_gov.errors import DataError, PluginError
from qlora_gov.explain import reasons_of
from qlora_gov.plugin.calls import reason_of
from qlora_gov.plugin.settings import recorded_file
from qlora_gov.plugin.specs import Change, Drop
from qlora_gov.records import Component
from qlora_gov.records.example import Example
from qlora_gov.text import one_line

UNTOLD = "changed"
"""The reason of a row that a filter returned with other text or labels, and without a word."""

R = TypeVar("R", Drop, Change)


def checked(example: Example, who: str, gave: str) -> Example:
    """What a component gives, as a row of its own that training and evaluation can use and a ledger can hold.

    Raises PluginError for what is no example, DataError for one that cannot be used.
    """
    if not isinstance(example, Example):
        raise PluginError(f"{who} {gave} a {type(example).__name__}, not an Example")
    try:
        content = example.model_dump(warnings=False)
        canonical_json(content)
        plain = Example.model_validate(content)
    except ValidationError as error:
        raise DataError(*(f"{_source(example)}: {who} {gave} it: {reason}" for reason in reasons_of(error))) from error
    except (TypeError, ValueError, AttributeError, RecursionError) as error:
        raise DataError(
            f"{_source(example)}: {who} {gave} it, and it cannot be recorded: {reason_of(error)}"
        ) from error
    if plain.messages[-1].role != "assistant":
        raise DataError(f"{plain.source}: ends in a turn of the {plain.messages[-1].role}, not of the assistant")
    return plain


def addresses(component: Component) -> dict[str, str]:
    """From the names of the files that a source reads to their paths from the project: two may have one name."""
    files = [file for value in component.settings.values() if (file := recorded_file(value))]
    return {PurePosixPath(file.path).name: file.path for file in files}


def addressed(example: Example, files: dict[str, str]) -> Example:
    """A row that names its file by the path from the project."""
    name, colon, line = example.source.rpartition(":")
    path = files.get(name, name)
    return example if path == name else example.model_copy(update={"source": f"{path}{colon}{line}"})


def result_of(who: str, result: Example | Change | Drop, given: Example) -> Example | Change | Drop:
    """What a filter made of one row: that row as it was, a change of it, or a Drop.

    Raises PluginError for any other row in its place.
    """
    if result is given:
        return given
    match result:
        case Drop():
            return _told(who, result, given)
        case Change():
            change = _told(who, result, given)
        case Example():
            change = Change(result, UNTOLD)
        case _:
            raise PluginError(f"{who} returned a {type(result).__name__}, not an Example, a Change or a Drop")
    row = checked(change.example, who, "returned")
    if row.source != given.source:
        raise PluginError(f"{who} returned {row.source} in place of {given.source}; a filter returns the row or a Drop")
    return given if row == given else replace(change, example=row)


def _told(who: str, result: R, given: Example) -> R:
    """A Drop or a Change whose why can be recorded. Raises PluginError for any other."""
    did = f"{who} {'dropped' if isinstance(result, Drop) else 'changed'} {given.source}"
    if not isinstance(result.reason, str) or not result.reason.strip():
        raise PluginError(f"{did} without a reason in words")
    if result.score is not None and not (isinstance(result.score, int | float) and math.isfinite(result.score)):
        raise PluginError(f"{did} with the score {one_line(repr(result.score))}, which is not a finite number")
    spans = tuple(result.spans)
    for span in spans:
        if not (0 <= span.turn < len(given.texts) and 0 <= span.start <= span.end):
            raise PluginError(f"{did} for {one_line(repr(span))}, which is no part of it")
    return replace(result, reason=one_line(result.reason).strip(), spans=spans)


def _source(example: Example) -> str:
    return one_line(str(getattr(example, "source", "a row without a source")))
