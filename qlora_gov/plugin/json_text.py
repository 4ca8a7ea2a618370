"""JSON as people and tools write it, with errors that say where."""

from __future__ import annotations

import json
from typing import Any

from qlora_gov.errors import DataError


def parse_json(data: bytes, address: str) -> Any:
    """The value that some bytes spell.

    Raises:
        DataError: They are no JSON, or an object says one thing twice; starts with ``address``.
    """
    try:
        # Editors on Windows put a byte order mark before the first line.
        return json.loads(data.rstrip().decode("utf-8-sig"), object_pairs_hook=_unique)
    except UnicodeDecodeError as error:
        raise DataError(f"{address}: not UTF-8: byte {error.start + 1}; save the file as UTF-8") from error
    except json.JSONDecodeError as error:
        raise DataError(f"{address}: not valid JSON, or cut short: {error.msg} at character {error.pos + 1}") from error
    except (ValueError, RecursionError) as error:
        raise DataError(f"{address}: not usable JSON: {error}") from error


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object. Of a key with two values, some readers take the first and some the last, each in silence."""
    found = dict(pairs)
    if len(found) < len(pairs):
        for key, value in pairs:
            if value != found[key]:
                raise ValueError(f"the key {key!a} stands twice in one object, with two values")
    return found
