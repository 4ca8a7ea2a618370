"""Values as Markdown. Text from people, data and plugins is taken for hostile, and what is printed is safe by default.

Every value that a template prints goes through :func:`printed`, whether or not the template's author thought of it.
What comes out is one line of literal text: it opens no HTML, no markup, no link and no table cell.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from markupsafe import Markup

from qlora_gov.canonical import short_id
from qlora_gov.reports.rendering.words import in_words
from qlora_gov.text import one_line

# Each match ends in the character that would be active: a Markdown or HTML sign anywhere, an underscore at the edge of
# a word, what opens a list or underlines a heading at the start, and what makes a bare address a link.
_ACTIVE = re.compile(
    r"[&<>|\\`*\[\]~$#]|_(?![^\W_])|(?<![^\W_])_|^ ?[-+=](?!\d)|^ ?\d{1,9}[.)](?=\s|$)|:(?=//)|\bwww\.", re.IGNORECASE
)
_PLAIN = re.compile(r"[\w ./:+=@,%-]{1,200}")


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
    """Any value that a template may print, as Markdown; raises what ``words`` does."""
    return value if isinstance(value, Markup) else escaped(in_words(value))


def joined(values: Iterable[Any], separator: str = ", ") -> Markup:
    """Values, each printed, with a template author's own separator between them."""
    return Markup(separator).join(map(printed, values))  # noqa: S704 - the separator is no data
