"""The JSON schema of the project file: pydantic's own, with the settings of the components that come with the product.

Names and settings of other plugins' components stay valid: a schema that an editor reads cannot know them.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from docs.generate.markdown import prose
from qlora_gov.plugin.catalog import Catalog, Entry
from qlora_gov.plugin.specs import GateSpec
from qlora_gov.project.schema import Project
from qlora_gov.project.uses import Use

Schema = dict[str, Any]

DIALECT = "https://json-schema.org/draft/2020-12/schema"
EXTENDS = {
    "anyOf": [{"type": "string"}, {"type": "null"}],
    "description": "path of a project file that this one changes: keys here stand before its",
}


def schema(catalog: Catalog) -> Schema:
    """The whole schema. A file that extends another one need not be whole."""
    found = Project.model_json_schema()
    definitions = found["$defs"]
    for use in _uses(Use):
        if use.__name__ in definitions:
            _offer(definitions[use.__name__], definitions, [one for one in catalog if one.spec.kind in use.kinds])
    whole = required_in(found, definitions)
    for section in _sections(found, definitions):
        section.pop("required", None)
        for case in section.get("allOf", ()):
            case["then"].pop("required", None)
    _tidy(found)
    return {
        "$schema": DIALECT,
        "title": "A project file of qlora_gov",
        **{key: value for key, value in found.items() if key not in ("properties", "$defs")},
        "properties": {"extends": EXTENDS, **found["properties"]},
        "if": {"not": {"required": ["extends"]}},
        "then": whole,
        "$defs": dict(sorted(definitions.items())),
    }


def text(schema: Schema) -> str:
    """The schema as the file holds it."""
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"


def settings_of(entry: Entry) -> Schema:
    """The JSON schema of a component's settings, without what pydantic adds of titles."""
    found = entry.spec.config.model_json_schema() if entry.spec.config else {"properties": {}}
    _tidy(found)
    return found


def _uses(model: type[Use]) -> Iterator[type[Use]]:
    yield model
    for child in model.__subclasses__():
        yield from _uses(child)


def _offer(node: Schema, definitions: Schema, entries: list[Entry]) -> None:
    """Let a place of the file offer the components that come with the product, each with its settings."""
    own = node["properties"]
    own["use"] = {**own["use"], "anyOf": [{"enum": [entry.spec.name for entry in entries]}, {"type": "string"}]}
    own["use"].pop("type")
    node["allOf"] = [_when_used(entry, own, definitions) for entry in entries]


def _when_used(entry: Entry, own: Schema, definitions: Schema) -> Schema:
    found = settings_of(entry)
    for name, definition in found.pop("$defs", {}).items():
        assert definitions.setdefault(name, definition) == definition, f"two models are named {name}"
    keys: Schema = dict.fromkeys(own, True)
    required = list(found.get("required", ()))
    if isinstance(entry.spec, GateSpec) and "metric" in own:  # a rule; what a regression is names no metric
        judged = entry.spec.judges == "metric"
        keys["metric"], required = judged, [*(["metric"] if judged else []), *required]
    return {
        "if": {"properties": {"use": {"enum": [entry.spec.name, entry.name]}}, "required": ["use"]},
        "then": {
            "description": entry.spec.summary,
            "properties": {**keys, **found["properties"]},
            "additionalProperties": False,
            **({"required": required} if required else {}),
        },
    }


def required_in(section: Schema, definitions: Schema) -> Schema:
    """What a whole file must have in a section and in those within it."""
    inner = {}
    for key, value in section["properties"].items():
        if (below := section_of(value, definitions)) and (part := required_in(below, definitions)):
            inner[key] = part
        elif (each := _named_section(value, definitions)) and (part := required_in(each, definitions)):
            inner[key] = {"additionalProperties": part}
    required = section.get("required")
    return {**({"required": list(required)} if required else {}), **({"properties": inner} if inner else {})}


def section_of(node: Schema, definitions: Schema) -> Schema | None:
    """The mapping of known keys that a key may hold, if it may hold one."""
    for branch in node.get("anyOf", [node]):
        if "$ref" in branch:
            found: Schema = definitions[branch["$ref"].rsplit("/", 1)[1]]
            return found
    return None


def _named_section(node: Schema, definitions: Schema) -> Schema | None:
    """The mapping of known keys that stands under each name, where a key holds such mappings by names of one's own."""
    below = section_of(inner, definitions) if isinstance(inner := node.get("additionalProperties"), dict) else None
    return below if below and "properties" in below else None


def _sections(section: Schema, definitions: Schema) -> Iterator[Schema]:
    """A section and those within it, but for what is in lists: an extending file replaces lists whole."""
    yield section
    for value in section["properties"].values():
        if (below := section_of(value, definitions) or _named_section(value, definitions)) is not None:
            yield from _sections(below, definitions)


def _tidy(node: Any) -> None:
    """Take out the titles that pydantic makes of names, and write docstrings as editors show them."""
    if isinstance(node, dict):
        if isinstance(node.get("title"), str):
            del node["title"]
        if isinstance(node.get("description"), str):
            node["description"] = prose(node["description"])
        for value in node.values():
            _tidy(value)
    elif isinstance(node, list):
        for value in node:
            _tidy(value)
