"""The Markdown files of the repository: their blocks of code, headings and links."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from markdown_it import MarkdownIt
from markdown_it.token import Token

from tests.conftest import ROOT

NOT_RUN = re.compile(r"<!-- not run: (?P<reason>.+?) -->", re.DOTALL)
MADE = ("build", "tests")
PARSER = MarkdownIt("commonmark").enable("table")


@dataclass(frozen=True)
class Block:
    """A block of code. ``title`` is the file that it is, ``not_run`` why it is not run."""

    document: Path
    line: int
    language: str
    title: str | None
    text: str
    not_run: str | None

    def __str__(self) -> str:
        return f"{self.document.relative_to(ROOT).as_posix()}:{self.line}"


def documents() -> list[Path]:
    """Every Markdown file that people read; not those that a run or a test has made."""
    parts = {path: path.relative_to(ROOT).parts for path in ROOT.rglob("*.md")}
    return sorted(path for path in parts if parts[path][0] not in MADE and not any(p[0] == "." for p in parts[path]))


@cache
def tokens(document: Path) -> list[Token]:
    """The document, parsed."""
    return PARSER.parse(document.read_text(encoding="utf-8"))


def blocks_of(document: Path) -> Iterator[Block]:
    """The blocks of code of a document, in order."""
    before = None
    for token in tokens(document):
        if token.type == "fence":
            language, _, rest = token.info.partition(" ")
            title = re.search(r"title=(\S+)", rest)
            reason = NOT_RUN.fullmatch(before.content.strip()) if before and before.type == "html_block" else None
            line = (token.map or [0])[0] + 1
            yield Block(
                document, line, language, title and title[1], token.content, reason["reason"] if reason else None
            )
        before = token


def links_of(document: Path) -> Iterator[str]:
    """The targets of a document's links."""
    for token in tokens(document):
        for child in token.children or ():
            target = child.attrGet("href") or child.attrGet("src")
            if target:
                yield str(target)


@cache
def anchors_of(document: Path) -> set[str]:
    """The anchors of a document's headings, as GitHub makes them: the second of a name ends in ``-1``."""
    found: dict[str, int] = {}
    anchors = set()
    heading = False
    for token in tokens(document):
        if heading and token.type == "inline":
            text = "".join(child.content for child in token.children or ())
            slug = re.sub(r"[^\w\- ]", "", text.lower()).replace(" ", "-")
            anchors.add(slug if slug not in found else f"{slug}-{found[slug]}")
            found[slug] = found.get(slug, 0) + 1
        heading = token.type == "heading_open"
    return anchors
