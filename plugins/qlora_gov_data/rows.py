"""A row of any source as an example: the one place that says what a row must hold."""

from __future__ import annotations

import reprlib
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import rfc8785
from pydantic import ValidationError

from qlora_gov import DataError, Example

LABELS = ("group", "provenance", "intent", "language")


def read_examples(name: str, rows: Iterable[tuple[int, Any]]) -> Iterator[Example]:
    """Numbered rows of the source ``name`` as examples, whose address is ``name:number``.

    Raises:
        DataError: A row is not an example, or there is no row.
    """
    number = None
    for number, row in rows:
        yield example_of(row, f"{name}:{number}")
    if number is None:
        raise DataError(f"{name}: holds no examples")


def example_of(row: Any, source: str) -> Example:
    """The example that a row describes.

    The conversation is ``messages``, a list of turns with ``role`` and ``content``, or else the pair ``prompt``
    and ``response``. ``group`` falls back to the example's own id. Keys that have no meaning here are kept in
    ``extra``. A null is an absent key, since a table has every column in every row.

    Raises:
        DataError: The row is not such a mapping; the message starts with ``source``, its address.
    """
    try:
        return _example_of(row, source)
    except ValidationError as error:
        raise DataError(f"{source}: {_explain(error)}") from error
    except ValueError as error:
        raise DataError(f"{source}: {error}") from error


def _example_of(row: Any, source: str) -> Example:
    if not isinstance(row, Mapping):
        raise ValueError("not an object with 'messages' or with 'prompt' and 'response'")
    fields = {key: value for key, value in row.items() if value is not None}
    _check_recordable(fields)
    turns = _pop_turns(fields)
    labels = {label: fields.pop(label) for label in LABELS if label in fields}
    if labels.get("group") == "":
        raise ValueError("group is empty; leave the key out of a row that belongs to none")
    example = Example.model_validate({"group": "", **labels, "messages": turns, "extra": fields, "source": source})
    _check_assistant(example)
    return example if example.group else example.model_copy(update={"group": example.id})


def _check_recordable(fields: Mapping[str, Any]) -> None:
    """Refuse what canonical JSON cannot carry, and so no digest cover: NaN, 2**60, half a surrogate pair."""
    for key, value in fields.items():
        try:
            rfc8785.dumps({key: value})
        except ValueError as error:
            raise ValueError(f"key {key!a} cannot be recorded: {error}") from error


def _pop_turns(fields: dict[str, Any]) -> list[Any]:
    if "messages" not in fields:
        return _pop_pair(fields)
    turns = fields.pop("messages")
    if not isinstance(turns, list) or not turns:
        raise ValueError("'messages' must be a list of one turn or more")
    return [{k: v for k, v in turn.items() if v is not None} if isinstance(turn, Mapping) else turn for turn in turns]


def _pop_pair(fields: dict[str, Any]) -> list[Any]:
    missing = [key for key in ("prompt", "response") if key not in fields]
    if len(missing) == 2:
        raise ValueError("no 'messages', and no 'prompt' with 'response'")
    if missing:
        raise ValueError(f"no {missing[0]!r}; a row without 'messages' needs 'prompt' and 'response'")
    return [
        {"role": "user", "content": fields.pop("prompt")},
        {"role": "assistant", "content": fields.pop("response")},
    ]


def _check_assistant(example: Example) -> None:
    roles = [message.role for message in example.messages]
    if "assistant" not in roles:
        raise ValueError("no assistant turn; there is nothing to learn from or to compare with")
    if roles[-1] != "assistant":
        raise ValueError(f"ends in a turn of the role {roles[-1]!r}; the last turn must be the assistant's")
    for place, message in enumerate(example.messages):
        if message.role == "assistant" and not message.content.strip():
            raise ValueError(f"messages.{place}: the assistant's turn is empty")


def _explain(error: ValidationError) -> str:
    """The first problem in one line, with the value at fault where it is a single one."""
    first = error.errors(include_url=False)[0]
    place = ".".join(str(key) for key in first["loc"])
    value = first["input"]
    given = f", not {reprlib.repr(value)}" if isinstance(value, str | int | float) else ""
    return f"{place}: {first['msg'][0].lower()}{first['msg'][1:]}{given}"
