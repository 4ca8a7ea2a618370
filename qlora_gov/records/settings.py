"""How another tool asked for answers and scored them, by name: as text, compared, and in words."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from qlora_gov.canonical import bytes_id, canonical_json, is_content_id, short_id

_LONGEST = 60  # characters of a value that stands as it is; of a longer one its digest does
_NAMED = 4  # tasks that are named one by one


def as_text(value: Any) -> str:
    """A setting's value as short text that equal values share; of a long one its digest.

    Raises:
        TypeError: The value is none of JSON.
        ValueError: A text in it has no form as UTF-8.
    """
    plain = isinstance(value, str) and value != "" and value.isprintable() and value == value.strip()
    text = value if plain else _json(value)
    return text if len(text) <= _LONGEST else bytes_id(text.encode())


def differences(one: Mapping[str, str], other: Mapping[str, str]) -> list[str]:
    """Each setting that is not the same in two, with both values; once for all tasks where it differs alike."""
    alike: dict[tuple[str, str, str], list[str]] = {}
    for name in sorted({*one, *other}):
        if one.get(name) != other.get(name):
            _, setting = _parts(name)
            alike.setdefault((setting, _shown(one.get(name)), _shown(other.get(name))), []).append(name)
    return [f"{_called(names)} ({first} and {second})" for (_, first, second), names in alike.items()]


def in_words(settings: Mapping[str, str]) -> str:
    """All settings with their values; what all tasks have in common stands there without their names."""
    every = {task for task, _ in map(_parts, settings) if task}
    alike: dict[tuple[str, str], set[str]] = {}
    for name, value in sorted(settings.items(), key=lambda item: _parts(item[0])[::-1]):
        task, setting = _parts(name)
        alike.setdefault((setting, _shown(value)), set()).update({task} if task else every)
    return "; ".join(
        f"{setting} {value}" if tasks == every else f"{setting} of {_listed(tasks)} {value}"
        for (setting, value), tasks in alike.items()
    )


def _json(value: Any) -> str:
    try:
        return canonical_json(value).decode()
    except ValueError:  # a number such as 2**60, which no digest of a record could cover, can still be told from others
        return json.dumps(value, sort_keys=True)


def _parts(name: str) -> tuple[str, str]:
    """The task, empty where the setting is the whole log's, and the setting."""
    task, _, setting = name.rpartition(": ")
    return task, setting


def _called(names: Sequence[str]) -> str:
    """A setting as its log names it, or one that differs alike in several tasks."""
    if len(names) == 1:
        return f"setting {names[0]!r}"
    tasks, settings = zip(*map(_parts, names), strict=True)
    return f"setting {settings[0]!r} of {_listed(tasks)}"


def _listed(tasks: Collection[str]) -> str:
    return ", ".join(sorted(tasks)) if len(tasks) <= _NAMED else f"{len(tasks)} tasks"


def _shown(value: str | None) -> str:
    if value is None:
        return "not set"
    return f"a text of digest {short_id(value)}" if is_content_id(value) else value
