"""What is wrong with a value that a model refuses, in one line for people."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ValidationError
from pydantic.errors import PydanticInvalidForJsonSchema

from qlora_gov.errors import did_you_mean

_WORDS = {
    "dict_type": "should be a mapping of keys to values",
    "model_type": "should be a mapping of keys to values",
    "list_type": "should be a list",
    "tuple_type": "should be a list",
    "path_type": "should be a path",
    "too_short": "should have at least {min_length} item(s), not {actual_length}",
}
"""What pydantic says in the words of Python, in those of YAML."""


def explain(error: ValidationError, model: type[BaseModel] | None = None) -> str:
    """The first problem of a validation error in one line, with the nearest known key for an unknown one.

    An unknown key comes first: where it is a misspelt one, the key that it stands for is reported missing too.
    Without a ``model`` no key can be unknown.
    """
    errors = error.errors(include_url=False)
    first = min(errors, key=lambda problem: problem["type"] != "extra_forbidden")
    place = _place(first["loc"])
    more = f" (and {len(errors) - 1} more)" if len(errors) > 1 else ""
    if first["type"] == "extra_forbidden":
        known = _fields_at(model, first["loc"][:-1]) if model else []
        return f"unknown key {place!r}; {did_you_mean(str(first['loc'][-1]), known)}{more}"
    if first["type"] == "missing":
        return f"missing key {place!r}{more}"
    if first["type"] in _WORDS:
        return f"{place}: {_WORDS[first['type']].format(**first.get('ctx', {}))}{more}"
    message = first["msg"].removeprefix("Value error, ")
    said = f"{message[:1].lower()}{message[1:]}{more}"
    return f"{place}: {said}" if first["loc"] else said


def _place(keys: tuple[int | str, ...]) -> str:
    """A path of keys as it is written elsewhere: ``policy.rules[0].metric``."""
    path = "".join(f"[{key}]" if isinstance(key, int) else f".{key}" for key in keys)
    return path.removeprefix(".") or "the section"


def _fields_at(model: type[BaseModel], place: tuple[int | str, ...]) -> list[str]:
    """The keys that a nested place of a model knows, walked by the model's own schema."""
    try:
        schema = model.model_json_schema()
    except PydanticInvalidForJsonSchema:  # a plugin's settings may hold types that JSON does not know
        return [] if place else list(model.model_fields)
    node: dict[str, Any] = schema
    for key in place:
        node = _inline(schema, node)
        node = node.get("items", {}) if isinstance(key, int) else node.get("properties", {}).get(key, {})
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
