"""What is wrong with a value that a model refuses, in lines for people."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel, ValidationError
from pydantic.errors import PydanticInvalidForJsonSchema
from pydantic_core import ErrorDetails

from qlora_gov.errors import did_you_mean, nearest

Keys = tuple[int | str, ...]
"""The way to a value within values: the keys of mappings, and the places in lists."""

_WORDS = {
    "dict_type": "should be a mapping of keys to values",
    "model_type": "should be a mapping of keys to values",
    "list_type": "should be a list",
    "tuple_type": "should be a list",
    "path_type": "should be a path",
    "set_type": "should be a list",
    "frozen_set_type": "should be a list",
    "mapping_type": "should be a mapping of keys to values",
    "model_attributes_type": "should be a mapping of keys to values",
    "dataclass_type": "should be a mapping of keys to values",
    "none_required": "should be null",
    "int_parsing": "should be a whole number",
    "int_from_float": "should be a whole number",
    "string_unicode": "should be text; half a surrogate pair is none",
    "too_short": "should have at least {min_length} item(s), not {actual_length}",
}
"""What pydantic says in the words of Python, in those of YAML."""


class Unquoted(str):
    """A text of a YAML file that stands there without quotes, and so may be meant for a number, as 1e-4 is."""

    __slots__ = ()


@dataclass(frozen=True)
class Reason:
    """One thing that is wrong, in a line, and the keys that lead to it."""

    keys: Keys
    said: str

    def __str__(self) -> str:
        return self.said


def reasons_of(error: ValidationError, model: type[BaseModel] | None = None) -> list[Reason]:
    """What is wrong, unknown keys first, each with the known key that it stands for.

    What follows from something else is not told: that a misspelt key is missing, or that a list is too short without
    its items that are wrong. Without a ``model`` no key can be unknown.
    """
    problems = error.errors(include_url=False)
    reasons, misspelt = [], set()
    for keys in (problem["loc"] for problem in problems if problem["type"] == "extra_forbidden"):
        known = _fields_at(model, keys[:-1]) if model else []
        reasons.append(Reason(keys, f"unknown key {_path(keys)!r}; {did_you_mean(str(keys[-1]), known)}"))
        misspelt.add((*keys[:-1], nearest(str(keys[-1]), known)))
    containers = {problem["loc"][:end] for problem in problems for end in range(len(problem["loc"]))}
    missing = [problem["loc"][-1] for problem in problems if problem["type"] == "missing"]
    for problem in problems:
        told = problem["type"] == "extra_forbidden" or (problem["type"] == "missing" and problem["loc"] in misspelt)
        if not told and problem["loc"] not in containers:
            reasons.append(Reason(problem["loc"], _said(problem, missing)))
    return reasons


def mistaken(given: Any, made: Any, keys: Keys = ()) -> Iterator[Reason]:
    """What a model took for a number or a truth value that was given as something else: ``true`` for 1, ``"7"`` for 7.

    ``given`` are the values that the model ``made`` was validated from.
    """
    match made:
        case BaseModel() if isinstance(given, Mapping):
            for name, field in type(made).model_fields.items():
                key = field.alias or name
                if key in given:
                    yield from mistaken(given[key], getattr(made, name), (*keys, key))
        case Mapping() if isinstance(given, Mapping):
            for key in made.keys() & given.keys():
                yield from mistaken(given[key], made[key], (*keys, key))
        case tuple() | list() if isinstance(given, list | tuple) and len(given) == len(made):
            for at, (inner, value) in enumerate(zip(given, made, strict=True)):
                yield from mistaken(inner, value, (*keys, at))
        case bool():
            if not isinstance(given, bool):
                yield Reason(keys, f"{_path(keys)}: should be true or false, not {given!r}")
        case int() | float() if isinstance(given, bool):
            yield Reason(keys, f"{_path(keys)}: should be a number, not {str(given).lower()}")
        case int() | float() if isinstance(given, str) and not isinstance(given, Unquoted):
            yield Reason(keys, f"{_path(keys)}: should be a number: write {given} without quotes")


def _said(problem: ErrorDetails, missing: list[int | str]) -> str:
    path = _path(problem["loc"])
    if problem["type"] == "missing":
        near = [
            key
            for key in _keys(problem["input"])
            if nearest(key, [str(name) for name in missing]) == problem["loc"][-1]
        ]
        return f"missing key {path!r}{f'; is {near[0]!r} a misspelling of it?' if near else ''}"
    if problem["type"] in _WORDS:
        return f"{path}: {_WORDS[problem['type']].format(**problem.get('ctx', {}))}"
    message = problem["msg"].removeprefix("Value error, ")
    message = message.replace("a valid dictionary or instance of", "a mapping such as").replace("NoneType", "nothing")
    said = f"{message[:1].lower()}{message[1:]}"
    return f"{path}: {said}" if problem["loc"] else said


def _keys(given: Any) -> list[str]:
    """The keys of what was given where one is missing."""
    return [key for key in given if isinstance(key, str)] if isinstance(given, Mapping) else []


def _path(keys: Keys) -> str:
    """Keys as they are written elsewhere: ``policy.rules[0].metric``."""
    path = "".join(f"[{key}]" if isinstance(key, int) else f".{key}" for key in keys)
    return path.removeprefix(".") or "the section"


def _fields_at(model: type[BaseModel], place: Keys) -> list[str]:
    """The keys that a nested place of a model knows, walked by the model's own schema."""
    try:
        schema = model.model_json_schema()
    except PydanticInvalidForJsonSchema:  # a plugin's settings may hold types that JSON does not know
        return [] if place else list(model.model_fields)
    node: dict[str, Any] = schema
    for key in place:
        node = _inline(schema, node)
        each = inner if isinstance(inner := node.get("additionalProperties"), dict) else {}  # under names of one's own
        node = node.get("items", {}) if isinstance(key, int) else node.get("properties", {}).get(key, each)
    return list(_inline(schema, node).get("properties", {}))


def _inline(schema: dict[str, Any], node: dict[str, Any]) -> dict[str, Any]:
    """A node with references followed, and of an optional one the first branch: the other one is null."""
    while True:
        if "$ref" in node:
            node = schema["$defs"][node["$ref"].rsplit("/", 1)[1]]
        elif "anyOf" in node:
            node = node["anyOf"][0]
        else:
            return node
