"""Markdown, as the pages need it."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterable, Sequence

EDITED = "<!-- written by `make docs` from the code; edit the docstrings there, not this page -->"


def document(title: str, *parts: str) -> str:
    """A whole page."""
    return "\n\n".join((EDITED, f"# {title}", *(part.strip() for part in parts if part.strip()))) + "\n"


def table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table; a bar within a cell is escaped."""
    lines = [list(header), ["---"] * len(header), *([cell(text) for text in row] for row in rows)]
    return "\n".join(f"| {' | '.join(line)} |".replace("|  |", "| |") for line in lines)


def cell(text: str) -> str:
    """Text for a table: one line."""
    return " ".join(text.split()).replace("|", "\\|")


def code(text: str) -> str:
    """Text as code."""
    return f"`{text}`"


def fence(text: str, language: str = "text") -> str:
    """A block of code."""
    return f"```{language}\n{text.strip()}\n```"


def prose(docstring: str | None) -> str:
    """A docstring as Markdown: literals and roles of reStructuredText become code."""
    text = inspect.cleandoc(docstring or "")
    text = re.sub(r":\w+:`~?(?:[\w.]+\.)?(\w+)`", r"`\1`", text)
    return re.sub(r"``(.+?)``", r"`\1`", text)
