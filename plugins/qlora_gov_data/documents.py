"""Examples from documents: the parts of Markdown and text files, as answers to a prompt that names their heading."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import PurePosixPath
from string import Formatter
from typing import Any

from pydantic import Field, field_validator

from qlora_gov import DataError, DataFile, DataFiles, Example
from qlora_gov_data.blocks import Block, markdown_blocks, text_blocks
from qlora_gov_data.files import PinnedSettings, texts_of
from qlora_gov_data.rows import read_examples

MARKDOWN, TEXT = (".md", ".markdown"), (".txt", ".text")
"""How the names of documents end."""


class DocumentSettings(PinnedSettings):
    """Which documents, how their parts are asked for, and how long a part is."""

    path: DataFiles = Field(
        description="Markdown or text: a file, a directory, a pattern such as docs/**/*.md, or the URL of a file"
    )
    prompt: str = Field(
        description="what a part answers; {title} stands for the document's title, {heading} for that of the section"
    )
    max_words: int = Field(
        default=300, ge=1, description="most words of a part; a paragraph that has more is a part of its own"
    )

    @field_validator("prompt")
    @classmethod
    def _names_a_part(cls, prompt: str) -> str:
        fields = [field for _, *field in Formatter().parse(prompt) if field[0] is not None]
        if not fields or any(field not in (["title", "", None], ["heading", "", None]) for field in fields):
            raise ValueError("should name {title} or {heading}, and nothing else in braces")
        return prompt


class Documents:
    """Reads documents in parts, all of which are one group.

    Headings part sections; what stands below one is packed by whole paragraphs, lists, tables and blocks of code.
    """

    def __init__(self, settings: DocumentSettings) -> None:
        self._settings = settings

    def read(self) -> Iterator[Example]:
        """Yield the parts, document by document, each told by its first line.

        Raises:
            DataError: A file cannot be read or is of another kind, or there is no part.
        """
        return read_examples(self._settings.path.name, self._rows())

    def _rows(self) -> Iterator[tuple[str, dict[str, Any]]]:
        for file in self._settings.path.files:
            title, blocks = _document(file)
            for part in _parts(blocks, self._settings.max_words):
                first = part[0]
                prompt = self._settings.prompt.format(title=title, heading=first.heading or title)
                answer = "\n\n".join(block.text for block in part)
                yield f"{file.name}:{first.line}", {"prompt": prompt, "response": answer, "group": file.name}


def _document(file: DataFile) -> tuple[str, list[Block]]:
    """The title of a document, which is its name where it has none, and its blocks."""
    kind, stem = file.path.suffix.lower(), PurePosixPath(file.name).stem
    if kind not in MARKDOWN + TEXT:
        raise DataError(
            f"{file.name}: neither Markdown nor text, which end in {', '.join(MARKDOWN + TEXT)}; name documents by a "
            "pattern, such as docs/**/*.md"
        )
    text = "".join(texts_of(file)).replace("\r\n", "\n").replace("\r", "\n")
    title, blocks = markdown_blocks(text) if kind in MARKDOWN else ("", text_blocks(text))
    return title or stem, blocks


def _parts(blocks: Sequence[Block], most: int) -> Iterator[list[Block]]:
    """Blocks of one section, as many together as have so many words."""
    part, words = list[Block](), 0
    for block in blocks:
        size = len(block.text.split())
        if part and (block.section != part[0].section or words + size > most):
            yield part
            part, words = [], 0
        part.append(block)
        words += size
    if part:
        yield part
