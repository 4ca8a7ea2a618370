"""What released versions wrote into records keeps its meaning: every field stays, and so does every default."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import JsonValue, TypeAdapter

from qlora_gov import records
from qlora_gov.records import Frozen, Record

RELEASED = sorted((Path(__file__).parent / "released").glob("*.json"))
REQUIRED = "required"
UPGRADED = {"SliceFinding": {"champion": "baseline"}, "Verdict": {"champion": "baseline"}}
"""Fields that an upgrade of the record gives another name."""


def pinned(version: Path) -> dict[str, dict[str, JsonValue]]:
    """Of each class, its fields with their defaults, or the word ``required``."""
    fields: dict[str, dict[str, JsonValue]] = json.loads(version.read_text(encoding="utf-8"))
    return fields


def classes(base: type[Frozen] = Frozen) -> Iterator[type[Frozen]]:
    for one in base.__subclasses__():
        if one.__module__.startswith(records.__name__) and one is not Record:
            yield one
        yield from classes(one)


def fields(one: type[Frozen]) -> dict[str, JsonValue]:
    """The fields of a class as they are pinned."""
    return {
        name: REQUIRED if field.is_required() else _plain(field.get_default(call_default_factory=True))
        for name, field in one.model_fields.items()
    }


def _plain(value: Any) -> JsonValue:
    plain: JsonValue = TypeAdapter(Any).dump_python(value, mode="json")
    return plain


NOW = {one.__name__: fields(one) for one in classes()}


@pytest.mark.parametrize("version", RELEASED, ids=lambda path: path.stem)
def test_a_released_field_keeps_its_default(version: Path) -> None:
    for name, released in pinned(version).items():
        renamed = UPGRADED.get(name, {})
        for field, default in released.items():
            assert NOW[name][renamed.get(field, field)] == default, f"{name}.{field} of {version.stem}"


@pytest.mark.parametrize("version", RELEASED, ids=lambda path: path.stem)
def test_a_field_that_came_later_has_a_default(version: Path) -> None:
    for name, released in pinned(version).items():
        later = NOW[name].keys() - released.keys() - set(UPGRADED.get(name, {}).values())
        required = [field for field in later if NOW[name][field] == REQUIRED]
        assert not required, f"{name} of {version.stem} has no {required}"
