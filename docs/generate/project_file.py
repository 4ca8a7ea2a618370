"""The page on the project file: its sections, and the settings of the components that come with the product."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import fields
from typing import Any

from docs.generate.json_types import default_words, type_words
from docs.generate.markdown import code, document, prose, table
from docs.generate.project_schema import Schema, settings_of
from qlora_gov.guardrails.cautions import figure_lines
from qlora_gov.plugin.catalog import Catalog, Entry
from qlora_gov.plugin.specs import SPECS, Spec
from qlora_gov.project.schema import Project
from qlora_gov.records import DetectorFigure

HEADER = ("key", "what it holds", "default", "meaning")

INTRODUCTION = """
A project is a YAML file, `qlora_gov.yaml` by name. `qlora-gov init` writes one, with a JSON schema beside it, from
which editors complete its keys. A key that is not here is an error, told with its line.

`extends: OTHER.yaml` takes another project file and changes it: mappings are merged key by key, anything else that
is written stands before what is below. Paths are relative to the project file.

A **component** is named by `use`, with its settings beside it: `{use: length, answer: {max_words: 120}}`. Where a
key takes "mapping or text", the name alone will do: `exact_duplicates` is short for `{use: exact_duplicates}`.
Every component that comes with the product is listed [below](#components); `qlora-gov plugins` lists those that are
installed.
"""

COMPONENTS = """
By kind, each with its settings: the keys beside `use`. All of them come in through the hooks that anybody's plugins
have ([hooks](hooks.md)).
"""


def page(catalog: Catalog) -> str:
    """The whole page."""
    schema = Project.model_json_schema()
    sections = _sections("", schema, schema["$defs"], {})
    components = (part for kind in SPECS for part in _kind(kind, catalog))
    return document(
        "The project file", INTRODUCTION, "## Sections", *sections, "## Components", COMPONENTS, *components
    )


def _sections(path: str, section: Schema, definitions: Schema, seen: dict[str, str]) -> Iterator[str]:
    """A section's table, then those of the sections within it. One that is like an earlier one only names that."""
    yield f"### {code(path) if path else 'The file'}"
    yield prose(section["description"])
    yield table(HEADER, (_row(path, section, key) for key in section["properties"]))
    for key, value in section["properties"].items():
        where = f"{path}.{key}".removeprefix(".")
        for name, suffix in _named(value):
            if name in seen:
                yield f"### {code(where + suffix)}\n\nAs {code(seen[name])}."
            else:
                seen[name] = where + suffix
                yield from _sections(where + suffix, definitions[name], definitions, seen)


def _row(path: str, section: Schema, key: str) -> tuple[str, ...]:
    """A key's row; a mapping of keys that are known is a link to their section."""
    node = section["properties"][key]
    words = type_words(node)
    for _, suffix in _named(node):
        anchor = re.sub(r"\W", "", f"{path}{key}{suffix}").lower()
        words = re.sub("mappings?", rf"[\g<0>](#{anchor})", words, count=1)
    return code(key), words, default_words(node, key in section.get("required", ())), prose(node.get("description"))


def _named(node: Schema) -> Iterator[tuple[str, str]]:
    """The definitions that a key's value may be, with ``[]`` where it is an item of a list, ``.NAME`` of a mapping."""
    for branch in (node, *node.get("anyOf", ())):
        if "$ref" in branch:
            yield branch["$ref"].rsplit("/", 1)[1], ""
        if "items" in branch:
            yield from ((name, f"[]{suffix}") for name, suffix in _named(branch["items"]))
        if isinstance(inner := branch.get("additionalProperties"), dict):
            yield from ((name, f".NAME{suffix}") for name, suffix in _named(inner) if name != "JsonValue")


def _rows(section: Schema, definitions: Schema, prefix: str = "") -> Iterator[tuple[str, ...]]:
    """A row for each setting of a component; those of a mapping are rows of the same table."""
    for key, node in section["properties"].items():
        inner = [definitions[name] for name, suffix in _named(node) if not suffix and "properties" in definitions[name]]
        optional = any(branch.get("type") == "null" for branch in node.get("anyOf", ()))
        if not inner or optional:  # what is required below holds where there is one
            default = default_words(node, key in section.get("required", ()))
            yield code(prefix + key), type_words(node), default, prose(node.get("description"))
        for below in inner:
            yield from _rows(below, definitions, f"{prefix}{key}.")


def _kind(kind: str, catalog: Catalog) -> Iterator[str]:
    yield f"### {kind.capitalize()}s"
    yield prose(SPECS[kind].__doc__)
    for entry in (one for one in catalog if one.spec.kind == kind):
        yield from _component(entry)


def _component(entry: Entry) -> Iterator[str]:
    yield f"#### {code(entry.spec.name)}"
    yield f"{entry.spec.summary[:1].upper()}{entry.spec.summary[1:]}. Full name: {code(entry.name)}."
    yield "\n".join(f"- {line}" for line in _facts(entry))
    schema = settings_of(entry)
    if schema["properties"]:
        yield prose(entry.spec.config.__doc__ if entry.spec.config else "")
        yield table(HEADER, _rows(schema, schema.get("$defs", {})))
    else:
        yield "It takes no settings."


def _facts(entry: Entry) -> Iterator[str]:
    """What a kind of component has to say of itself besides, and what it needs."""
    common = {field.name for field in fields(Spec)}
    for field in fields(entry.spec):
        value: Any = getattr(entry.spec, field.name)
        told = value not in ((), frozenset(), None) and not callable(value)
        if field.name not in common and told:
            yield f"{field.name.replace('_', ' ')}: {_plain(value)}"
    for schema, settings in sorted(entry.spec.from_schema.items()):
        said = ", ".join(code(f"{name}: {value}") for name, value in settings.items())
        yield f"in projects of schema {schema} and later, where they do not say otherwise: {said}"
    if entry.spec.extra:
        yield f"installed by: {code(entry.install_command)}"


def _plain(value: Any) -> str:
    match value:
        case bool():
            return "yes" if value else "no"
        case frozenset():
            return ", ".join(sorted(value))
        case (DetectorFigure(), *_):
            return "; ".join(figure_lines(value))
        case (float() | int(), float() | int()):
            return " to ".join(f"{end:g}" for end in value)
        case tuple():
            return ", ".join(value)
    return str(value)
