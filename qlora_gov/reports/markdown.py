"""Values as Markdown. Text from people, data and plugins is taken for hostile, and what is printed is safe by default.

Every value that a template prints goes through :func:`printed`, whether or not the template's author thought of it.
What comes out is one line of literal text: it opens no HTML, no markup, no link and no table cell.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from typing import Any

from jinja2 import TemplateRuntimeError, Undefined
from markupsafe import Markup

from qlora_gov.records import Absent, Interval
from qlora_gov.reports.figures import interval_words, number, short_id

LIMIT = 2_000
"""Characters of one text that a report shows; how many it leaves out is said in their place."""

# Each match ends in the character that would be active: a Markdown or HTML sign anywhere, an underscore at the edge of
# a word, what opens a list or underlines a heading at the start, and what makes a bare address a link.
_ACTIVE = re.compile(
    r"[&<>|\\`*\[\]~$#]|_(?![^\W_])|(?<![^\W_])_|^ ?[-+=](?!\d)|^ ?\d{1,9}[.)](?=\s|$)|:(?=//)|\bwww\.", re.IGNORECASE
)
_SPACE = re.compile(r"\s+")
_PLAIN = re.compile(r"[\w ./:+=@,%-]{1,200}")
_JOINERS = "\u200c\u200d"  # invisible, but Persian, Indic scripts and emoji cannot be spelt without them


def one_line(text: str) -> str:
    """Text on one line: white space collapsed, control and bidirectional characters named, length limited."""
    shown = "".join(_visible(character) for character in _SPACE.sub(" ", text[:LIMIT]))
    left_out = len(text) - LIMIT
    return shown if left_out <= 0 else f"{shown} … ({left_out:,} more characters)"


def _visible(character: str) -> str:
    hidden = unicodedata.category(character) in ("Cc", "Cf", "Cs") and character not in _JOINERS
    return f"{{U+{ord(character):04X}}}" if hidden else character


def escaped(text: str) -> Markup:
    """Text as literal Markdown. Entities, unlike backslashes, mean the same in cells, headings and every dialect."""
    literal = _ACTIVE.sub(lambda match: f"{match[0][:-1]}&#{ord(match[0][-1])};", one_line(text))
    return Markup(literal)  # noqa: S704 - this is the escaping


def code(text: str) -> Markup:
    """A name in a code span. Nothing can be escaped in one, so that any but a plain name is printed as text."""
    return Markup(f"`{text}`") if _PLAIN.fullmatch(text) else escaped(text)  # noqa: S704 - only plain characters


def short_code(content_id: str) -> Markup:
    """A content id, shortened, in a code span."""
    return code(short_id(content_id))


def printed(value: Any) -> Markup:
    """Any value that a template may print, as Markdown.

    Raises TemplateRuntimeError for what must never be printed, UndefinedError for a name that does not exist.
    """
    match value:
        case Markup():
            return value
        case Undefined():
            return escaped(str(value))  # raises, with the name
        case Absent():
            return escaped(f"not measured: {value.absent}")
        case Interval():
            return Markup(interval_words(value))  # noqa: S704 - digits and words of ours
        case bool():
            return escaped("yes" if value else "no")
        case int() | float():
            return Markup(_number(value))  # noqa: S704 - digits
        case str():
            return escaped(value)
    raise TemplateRuntimeError(f"a template cannot print a {type(value).__name__}; a missing value must be Absent")


def joined(values: Iterable[Any], separator: str = ", ") -> Markup:
    """Values, each printed, with a template author's own separator between them."""
    return Markup(separator).join(map(printed, values))  # noqa: S704 - the separator is no data


def _number(value: float) -> str:
    try:
        return number(value)
    except ValueError as error:
        raise TemplateRuntimeError(str(error)) from error
