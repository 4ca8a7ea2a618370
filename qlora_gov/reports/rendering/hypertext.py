"""Values as HTML. Text from people, data and plugins is taken for hostile, and what is printed is safe by default.

Every value that a template prints goes through :func:`printed`, whether or not the template's author thought of it.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from markupsafe import Markup, escape

from qlora_gov.canonical import short_id
from qlora_gov.records import Absent
from qlora_gov.reports.plots.svg import element
from qlora_gov.reports.rendering.words import in_words
from qlora_gov.text import one_line


def printed(value: Any) -> Markup:
    """Any value that a template may print, as HTML on one line; raises what ``words`` does."""
    if isinstance(value, Markup):
        return value
    text = escape(one_line(in_words(value)))
    return element("span", text, class_="absent") if isinstance(value, Absent) else text


def code(text: str) -> Markup:
    """A name, or a content id in full."""
    return element("code", one_line(text))


def short_code(content_id: str) -> Markup:
    """A content id, shortened; the full one is shown to whoever points at it."""
    return element("code", one_line(short_id(content_id)), title=one_line(content_id))


def joined(values: Iterable[Any], separator: str = ", ") -> Markup:
    """Values, each printed, with a template author's own separator between them."""
    return Markup(separator).join(map(printed, values))  # noqa: S704 - the separator is no data
