"""Rows of any log: what each must hold to be recorded, and what of its scores is left out."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import rfc8785
from pydantic import ValidationError

from qlora_gov import DataError, Example, ImportedRow, clustered

Turn = tuple[str, str]
"""Who speaks (system, user, assistant or tool), and the text."""


class LeftOut:
    """Gathers what an import leaves out of the scores, for its notes."""

    def __init__(self) -> None:
        self._rows: dict[str, Counter[str]] = defaultdict(Counter)
        self._reasons: dict[str, str] = {}

    def row(self, name: str, value: Any) -> None:
        """One row's score ``name`` is no finite number."""
        self._rows[name]["no number" if number(value) is None else "not finite"] += 1

    def all_rows(self, name: str, reason: str) -> None:
        """The score ``name`` is left out of every row."""
        self._reasons[name] = reason

    def notes(self) -> tuple[str, ...]:
        """A line for each score that was left out of any row."""
        counts = {name: ", ".join(_counts(reasons)) for name, reasons in self._rows.items()}
        return tuple(f"{name}: left out, {reason}" for name, reason in sorted((counts | self._reasons).items()))


def _counts(reasons: Counter[str]) -> Iterator[str]:
    return (f"{reason} in {count} {'row' if count == 1 else 'rows'}" for reason, count in sorted(reasons.items()))


def imported_row(
    address: str,
    *,
    prompt: Sequence[Turn],
    target: str,
    response: str,
    scores: Mapping[str, float],
    group: str,
    extra: Mapping[str, Any],
    source: str,
) -> ImportedRow:
    """A row of an import, whose example ends in the target as the assistant's turn.

    Raises:
        DataError: A number such as 2**60 has no canonical form, so that no digest could cover it; the message starts
            with ``address``.
    """
    turns = [*prompt, ("assistant", target)]
    messages = [{"role": role, "content": content} for role, content in turns]
    try:
        example = Example.model_validate({"messages": messages, "group": group, "extra": extra, "source": source})
        rfc8785.dumps([example.model_dump(mode="json"), response, dict(scores)])
    except ValueError as error:
        raise DataError(f"{address}: cannot be recorded: {one_line(error)}") from error
    return ImportedRow(example, response, scores)


def in_clusters(rows: Sequence[ImportedRow], shared: Sequence[Sequence[Sequence[str]]]) -> list[ImportedRow]:
    """The rows with one group for all that share something; see :func:`qlora_gov.clustered`."""
    examples = clustered([row.example for row in rows], shared)
    return [replace(row, example=example) for row, example in zip(rows, examples, strict=True)]


def finite(value: Any) -> float | None:
    """A number as a float; None where it is no number, or not a finite one."""
    found = number(value)
    return found if found is not None and math.isfinite(found) else None


def number(value: Any) -> float | None:
    """A number as a float, infinite where it is too large for one; None where it is no number."""
    if not isinstance(value, int | float):
        return None
    try:
        return float(value)
    except OverflowError:
        return math.inf


def utc(moment: datetime) -> str:
    """A moment as UTC in ISO 8601, to the millisecond."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds")


def explain(error: ValidationError) -> str:
    """The first problem in one line, with its place."""
    first = error.errors(include_url=False)[0]
    place = ".".join(str(key) for key in first["loc"])
    message = f"{first['msg'][0].lower()}{first['msg'][1:]}"
    return f"{place}: {message}" if place else message


def one_line(said: BaseException | str) -> str:
    """What an error of a library says, on one line."""
    return " ".join(str(said).split()) or type(said).__name__
