"""Values in words, before any format's own escaping. Text from people, data and plugins is taken for hostile."""

from __future__ import annotations

import re
import unicodedata
from typing import Any

from jinja2 import TemplateRuntimeError, Undefined

from qlora_gov.records import Absent, Interval
from qlora_gov.reports.figures import interval_words, number

LIMIT = 2_000
"""Characters of one text that a report shows; how many it leaves out is said in their place."""

_SPACE = re.compile(r"\s+")
_JOINERS = "\u200c\u200d"  # invisible, but Persian, Indic scripts and emoji cannot be spelt without them


def one_line(text: str) -> str:
    """Text on one line: white space collapsed, control and bidirectional characters named, length limited."""
    shown = "".join(_visible(character) for character in _SPACE.sub(" ", text[:LIMIT]))
    left_out = len(text) - LIMIT
    return shown if left_out <= 0 else f"{shown} … ({left_out:,} more characters)"


def words(value: Any) -> str:
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


def _visible(character: str) -> str:
    hidden = unicodedata.category(character) in ("Cc", "Cf", "Cs") and character not in _JOINERS
    return f"{{U+{ord(character):04X}}}" if hidden else character


def _number(value: float) -> str:
    try:
        return number(value)
    except ValueError as error:
        raise TemplateRuntimeError(str(error)) from error
