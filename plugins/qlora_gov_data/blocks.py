"""Documents as blocks: paragraphs, lists, tables and the like, each below its heading."""

from __future__ import annotations

import re
from collections.abc import Mapping
from itertools import groupby
from typing import TYPE_CHECKING, NamedTuple

import yaml

if TYPE_CHECKING:
    from markdown_it.token import Token

FRONT_MATTER = re.compile(r"---[ \t]*\n(.*?)^---[ \t]*$", re.DOTALL | re.MULTILINE)
"""What a file says of itself before its text, in YAML."""


class Block(NamedTuple):
    """A block: its first line, counted from 1, the number and the heading of its section, and its text as written."""

    line: int
    section: int
    heading: str
    text: str


def text_blocks(text: str) -> list[Block]:
    """The paragraphs of a plain text: what stands between empty lines."""
    runs = groupby(enumerate(text.split("\n"), start=1), key=lambda line: bool(line[1].strip()))
    paragraphs = [list(lines) for full, lines in runs if full]
    return [Block(lines[0][0], 0, "", "\n".join(line for _, line in lines).rstrip()) for lines in paragraphs]


def markdown_blocks(text: str) -> tuple[str, list[Block]]:
    """The title of a Markdown text, if it has one, and its blocks; rules and comments are none.

    The title is that of its front matter, or else its first heading of the first level.
    """
    from markdown_it import MarkdownIt

    title, text = _without_front_matter(text)
    tokens, lines = MarkdownIt("commonmark").enable("table").parse(text), text.split("\n")
    section, heading, blocks = 0, "", []
    for at, token in enumerate(tokens):
        if token.level or token.map is None or token.type == "hr" or _is_comment(token):
            continue
        if token.type == "heading_open":
            section, heading = section + 1, _plain(tokens[at + 1])
            title = title or (heading if token.tag == "h1" else "")
        else:
            start, end = token.map
            blocks.append(Block(start + 1, section, heading, "\n".join(lines[start:end]).rstrip()))
    return title, blocks


def _without_front_matter(text: str) -> tuple[str, str]:
    """The title that front matter states, and the text with empty lines in its place."""
    found = FRONT_MATTER.match(text)
    try:
        stated = yaml.safe_load(found[1]) if found else None
    except yaml.YAMLError:
        stated = None
    if found is None or not isinstance(stated, Mapping):
        return "", text
    return str(stated.get("title") or ""), "\n" * found[0].count("\n") + text[found.end() :]


def _is_comment(token: Token) -> bool:
    return token.type == "html_block" and re.fullmatch(r"\s*<!--.*-->\s*", token.content, re.DOTALL) is not None


def _plain(heading: Token) -> str:
    """A heading without its marks."""
    return "".join(child.content or " " * (child.type == "softbreak") for child in heading.children or ()).strip()
