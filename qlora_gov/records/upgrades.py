"""From the content of a record under one schema to that under the next, where defaults cannot say it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

_KINDS = {
    r"candidate": "value",
    r"candidate - \w+": "difference",
    r"candidate - \S+ x \w+": "scaled_difference",
    r"log\(candidate / \w+\)": "log_ratio",
}
"""What the gates of 0.1.0 called their contrasts; one on some of the rows goes on with `` where ``."""


def name_baseline(decision: dict[str, Any]) -> dict[str, Any]:
    """Decision, schema 1 to 2: ``champion`` held the reference's value too; a contrast's kind was in its words."""
    verdicts = [item | {"verdict": _verdict(item["verdict"])} for item in decision["verdicts"]]
    return decision | {"verdicts": verdicts}


def _verdict(verdict: dict[str, Any]) -> dict[str, Any]:
    upgraded = _renamed(verdict) | dict(_kind(verdict.get("contrast")))
    if "slices" in verdict:
        upgraded["slices"] = [_renamed(part) for part in verdict["slices"]]
    return upgraded


def _renamed(part: dict[str, Any]) -> dict[str, Any]:
    return {("baseline" if name == "champion" else name): value for name, value in part.items()}


def _kind(contrast: str | None) -> Iterator[tuple[str, str]]:
    words = (contrast or "").partition(" where ")[0]
    return (("contrast_kind", kind) for pattern, kind in _KINDS.items() if re.fullmatch(pattern, words))
