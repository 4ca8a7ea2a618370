"""Comparing what a record states with what comes out again."""

from __future__ import annotations

import math
from collections.abc import Iterator

from pydantic import JsonValue

RELATIVE = 1e-9
"""To which a number comes out again."""
ABSOLUTE = 1e-12
"""The same for a number that is only the rounding of zero."""


def close(stated: float, derived: float) -> bool:
    """Whether two numbers agree."""
    return math.isclose(stated, derived, rel_tol=RELATIVE, abs_tol=ABSOLUTE)


def differences(stated: JsonValue, derived: JsonValue) -> list[str]:
    """Where two JSON values differ, by the field: numbers beyond rounding, all else exactly."""
    return list(_differences("", stated, derived))


def _differences(field: str, stated: JsonValue, derived: JsonValue) -> Iterator[str]:
    match stated, derived:
        case dict(), dict() if stated.keys() == derived.keys():
            for name in stated:
                yield from _differences(f"{field}.{name}" if field else name, stated[name], derived[name])
        case list(), list() if len(stated) == len(derived):
            for at, (one, other) in enumerate(zip(stated, derived, strict=True)):
                yield from _differences(f"{field}[{at}]", one, other)
        case ((int() | float()), (int() | float())) if close(stated, derived):
            pass
        case _ if stated != derived:
            yield f"{field} is stated as {stated!r}, the rows give {derived!r}"
