"""Values in words, before any format's own escaping."""

from __future__ import annotations

from typing import Any

from jinja2 import TemplateRuntimeError, Undefined

from qlora_gov.records import Absent, Interval
from qlora_gov.reports.rendering.figures import interval_words, number


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


def _number(value: float) -> str:
    try:
        return number(value)
    except ValueError as error:
        raise TemplateRuntimeError(str(error)) from error
