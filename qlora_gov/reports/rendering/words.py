"""Values in words, before any format's own escaping."""

from __future__ import annotations

from typing import Any

from jinja2 import TemplateRuntimeError, Undefined

from qlora_gov.records import Absent, Interval
from qlora_gov.reports.rendering.figures import about, interval_words, number


def in_words(value: Any) -> str:
    """Any value that a template may print, as it is: its format has still to put it on one line and to escape it.

    Raises TemplateRuntimeError for what must never be printed, UndefinedError for a name that does not exist.
    """
    match value:
        case Undefined():
            return str(value)  # raises, with the name
        case Absent():
            return f"not measured: {value.absent}"
        case Interval():
            return interval_words(value)
        case bool():
            return "yes" if value else "no"
        case int() | float():
            return _number(value)
        case str():
            return value
    raise TemplateRuntimeError(f"a template cannot print a {type(value).__name__}; a missing value must be Absent")


def rounded(value: Any, places: int | None) -> Any:
    """A figure or an interval in so many decimal places; what is Absent, and all that is rounded to none, as it is."""
    if places is None or isinstance(value, int):
        return value
    return interval_words(value, places) if isinstance(value, Interval) else _rounded(value, places)


def roughly(rows: Any, edition: int) -> Any:
    """A number of rows that was planned, in round figures from the second edition on; what is Absent, as it is."""
    return about(rows) if edition >= 2 and isinstance(rows, int) else rows


def _rounded(value: Any, places: int) -> Any:
    return number(value, places) if isinstance(value, float) else value


def _number(value: float) -> str:
    try:
        return number(value)
    except ValueError as error:
        raise TemplateRuntimeError(str(error)) from error
