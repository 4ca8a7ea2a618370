"""Small pictures as inline SVG text: no scripts, no style attributes, no ids, colours from the page's stylesheet.

Horizontal places are percentages of the width that the page gives, and vertical ones are pixels: a picture stretches
with its column while its text and its marks keep their size.
"""

from __future__ import annotations

from markupsafe import Markup, escape


def element(name: str, *children: str, **attributes: str | float | None) -> Markup:
    """An element; text among ``children`` and every attribute is escaped, ``None`` leaves an attribute out.

    A trailing underscore is dropped from attribute names (``class_``), others become hyphens.
    """
    given = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{escape(_written(value))}"'
        for key, value in attributes.items()
        if value is not None
    )
    return Markup(f"<{name}{given}>{''.join(map(escape, children))}</{name}>")  # noqa: S704 - all of it is escaped


def picture(kind: str, height: int, title: str, description: str, *children: Markup) -> Markup:
    """A whole picture, ``height`` pixels high, that a screen reader reads as its title and description."""
    names = (element("title", title), element("desc", description))
    return element("svg", *names, *children, class_=f"plot {kind}", role="img", width="100%", height=height)


def standalone(drawn: Markup, width: int, height: int, style: str) -> Markup:
    """A picture as a file of its own, in pixels; ``style`` is a stylesheet without ``<``, ``>`` and ``&``."""
    space = "http://www.w3.org/2000/svg"
    return element("svg", element("style", style), drawn, xmlns=space, width=width, height=height)


def line(kind: str, x1: float, y1: float, x2: float, y2: float) -> Markup:
    """A straight line; ``x`` in percent, ``y`` in pixels."""
    return element("line", class_=kind, x1=across(x1), y1=y1, x2=across(x2), y2=y2)


def rectangle(kind: str, x: float, y: float, width: float, height: float) -> Markup:
    """A rectangle; ``x`` and ``width`` in percent, ``y`` and ``height`` in pixels."""
    return element("rect", class_=kind, x=across(x), y=y, width=across(width), height=height)


def label(text: str, x: float, y: float, anchor: str = "middle") -> Markup:
    """Text at a place; ``anchor`` is ``start``, ``middle`` or ``end``."""
    return element("text", text, x=across(x), y=y, text_anchor=anchor)


def mark(kind: str, x: float, y: float, path: str) -> Markup:
    """A shape whose path is in pixels around its own middle."""
    return element("svg", element("path", class_=kind, d=path), x=across(x), y=y, overflow="visible")


def across(x: float) -> str:
    """A horizontal place or width, in percent."""
    return f"{_written(x)}%"


def _written(value: str | float) -> str:
    return value if isinstance(value, str) else f"{value:.2f}".rstrip("0").rstrip(".")
