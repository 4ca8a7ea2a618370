"""Types, limits and defaults of a JSON schema in plain words."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

Schema = dict[str, Any]

PLAIN = {
    "string": "text",
    "integer": "whole number",
    "number": "number",
    "boolean": "`true` or `false`",
    "object": "mapping",
}
PLURAL = re.compile(r"\b(text|path|number|mapping)\b")
LIMITS = {
    "minimum": "at least",
    "exclusiveMinimum": "above",
    "maximum": "at most",
    "exclusiveMaximum": "below",
}


def type_words(node: Schema) -> str:
    """What a key may hold."""
    branches = [one for one in node.get("anyOf", [node]) if one.get("type") != "null"]
    return " or ".join(dict.fromkeys(_one(branch) for branch in branches))


def default_words(node: Schema, required: bool) -> str:
    """What a key holds where it is not written."""
    if required:
        return "**required**"
    return "" if node.get("default") is None else f"`{json.dumps(node['default'], ensure_ascii=False)}`"


def _one(node: Schema) -> str:
    if "enum" in node:
        *first, last = (f"`{value}`" for value in node["enum"])
        return f"{', '.join(first)} or {last}" if first else last
    if "$ref" in node:
        return "any value" if node["$ref"].endswith("/JsonValue") else "mapping"
    if node.get("type") == "array":
        items = PLURAL.sub(r"\1s", type_words(node["items"]))
        return f"list of {items}"
    if isinstance(node.get("additionalProperties"), dict):
        return f"mapping of names to {type_words(node['additionalProperties']) or 'any value'}"
    if node.get("format") == "path":
        return "path"
    return ", ".join((PLAIN.get(node.get("type", ""), "any value"), *_limits(node)))


def _limits(node: Schema) -> Iterator[str]:
    return (f"{words} {_number(node[name])}" for name, words in LIMITS.items() if name in node)


def _number(value: float) -> str:
    return f"{value:,}" if isinstance(value, int) else f"{value:g}"
