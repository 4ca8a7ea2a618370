"""What a project file left to its default means the same in every version: settings stay, and so do their defaults."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from pydantic import BaseModel, JsonValue, TypeAdapter

from qlora_gov.plugin.host import load_catalog
from qlora_gov.records.released import DISTRIBUTION, SETTINGS

RELEASED = sorted((Path(__file__).parent / "released").glob("*.json"))
FIRST = RELEASED[0]
REQUIRED = "required"
Pinned = dict[str, dict[str, JsonValue]]


def pinned(version: Path) -> Pinned:
    """Of each component, its settings with their defaults, or the word ``required``; a section's behind its name."""
    return TypeAdapter(Pinned).validate_json(version.read_bytes())


def flat(model: type[BaseModel], section: str = "") -> dict[str, JsonValue]:
    """The settings of a component as they are pinned."""
    settings: dict[str, JsonValue] = {}
    for name, field in model.model_fields.items():
        default = REQUIRED if field.is_required() else field.get_default(call_default_factory=True)
        if isinstance(default, BaseModel):
            settings |= flat(type(default), f"{section}{name}.")
        else:
            settings[section + name] = json.loads(json.dumps(default))
    return settings


@pytest.fixture(scope="module")
def now() -> Pinned:
    own = [entry for entry in load_catalog() if entry.plugin.distribution == DISTRIBUTION]
    return {entry.name: flat(entry.spec.config) if entry.spec.config else {} for entry in own}


@pytest.mark.parametrize("version", RELEASED, ids=lambda path: path.stem)
def test_a_released_setting_keeps_its_default(version: Path, now: Pinned) -> None:
    for component, settings in pinned(version).items():
        assert {name: now[component][name] for name in settings} == settings, component


@pytest.mark.parametrize("version", RELEASED, ids=lambda path: path.stem)
def test_a_setting_that_came_later_has_a_default(version: Path, now: Pinned) -> None:
    for component, settings in pinned(version).items():
        later = now[component].keys() - settings.keys()
        assert not [name for name in later if now[component][name] == REQUIRED], component


def test_records_hold_the_optional_settings_of_the_first_version_in_any_case() -> None:
    for component, settings in pinned(FIRST).items():
        optional = {name for name, default in settings.items() if default != REQUIRED}
        assert SETTINGS.get(component, frozenset()) == optional, component
