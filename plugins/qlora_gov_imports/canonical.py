"""Settings of any log: nested ones by dotted names, so that those which differ can be named one by one."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

_NAMES = ("name", "metric")  # of the items of a list, by which one finds its like in another log
_LONGEST = 60  # characters of a name; a metric may be the source of a function


def settings(name: str, value: Any) -> Iterator[tuple[str, Any]]:
    """Each setting within a JSON value, under its dotted name; none for what says nothing, as null and "" do."""
    if isinstance(value, list):
        value = _by_name(value)
    if isinstance(value, Mapping):
        for key, one in value.items():
            yield from settings(f"{name}.{key}", one)
    elif value is not None and value != "" and value != []:
        yield name, _lasting(value)


def _by_name(values: list[Any]) -> Any:
    """A list of mappings as one of their rest by their names; the list itself where they have none."""
    for key in _NAMES:
        names = [one.get(key) for one in values if isinstance(one, Mapping)]
        if len({*filter(_is_name, names)}) == len(values):
            return {one[key]: {other: part for other, part in one.items() if other != key} for one in values}
    return values


def _is_name(value: Any) -> bool:
    return isinstance(value, str) and len(value) <= _LONGEST and value.isprintable()


def _lasting(value: Any) -> Any:
    """A value without addresses in memory, which stand in the names of functions and are others in each run."""
    if isinstance(value, str):
        return re.sub(r" at 0x[0-9a-fA-F]+", "", value)
    if isinstance(value, Mapping):
        return {key: _lasting(one) for key, one in value.items()}
    return [_lasting(one) for one in value] if isinstance(value, list) else value
