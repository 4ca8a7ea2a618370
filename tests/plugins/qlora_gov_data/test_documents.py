"""Documents in parts."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from qlora_gov import DataError, Example
from qlora_gov_data.documents import Documents, DocumentSettings

GUIDE = """\
# Cards

What a card is.

<!-- nobody reads this -->

## How to `block` a *card*

Open the app.
Choose Cards.

- one
- two

  of two

***

## Fees

### Abroad

| where | fee |
|---|---|
| EU | 0 |

```text
# no heading
```
"""


@pytest.fixture
def read(tmp_path: Path) -> Any:
    def reading(files: dict[str, str], **settings: Any) -> list[Example]:
        for name, text in files.items():
            (tmp_path / "docs" / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / "docs" / name).write_bytes(text.encode())
        given = {"path": "docs", "prompt": "Tell me about {heading}.", **settings}
        source = Documents(DocumentSettings.model_validate(given, context={"root": tmp_path}))
        return list(source.read())

    return reading


def told(rows: list[Example]) -> list[tuple[str, str, str]]:
    return [(row.source, row.question, row.reference) for row in rows]


def test_sections_of_markdown_answer_what_their_headings_ask(read: Any) -> None:
    rows = read({"guide.md": GUIDE})
    assert told(rows) == [
        ("docs/guide.md:3", "Tell me about Cards.", "What a card is."),
        (
            "docs/guide.md:9",
            "Tell me about How to block a card.",
            "Open the app.\nChoose Cards.\n\n- one\n- two\n\n  of two",
        ),
        (
            "docs/guide.md:23",
            "Tell me about Abroad.",
            "| where | fee |\n|---|---|\n| EU | 0 |\n\n```text\n# no heading\n```",
        ),
    ]
    assert {row.group for row in rows} == {"docs/guide.md"}
    assert read({"guide.md": GUIDE.replace("\n", "\r\n")}) == rows


def test_a_section_is_packed_by_whole_paragraphs(read: Any) -> None:
    paragraphs = ["one two", "three", "four five six seven eight nine", "ten"]
    rows = read({"a.txt": "\n\n \n".join(paragraphs)}, max_words=3)
    assert told(rows) == [
        ("docs/a.txt:1", "Tell me about a.", "one two\n\nthree"),
        ("docs/a.txt:7", "Tell me about a.", paragraphs[2]),
        ("docs/a.txt:10", "Tell me about a.", "ten"),
    ]


@pytest.mark.parametrize(
    ("text", "asked", "line"),
    [
        ("Before.\n\n# Cards\n", "Cards: Cards?", 1),
        ("---\ntitle: Card fees\ntags: [a]\n---\n\nBefore.\n\n# Cards\n", "Card fees: Card fees?", 6),
        ("---\ntags: [a]\n---\nBefore.\n\n## Small\n", "guide: guide?", 4),
        ("---\n\nBefore.\n\n---\n", "guide: guide?", 3),
        ("---\nno: [front matter\n---\nBefore.\n", "guide: no: [front matter?", 4),
    ],
)
def test_the_title_stands_in_the_front_matter_or_above_the_text_or_is_the_name(
    read: Any, text: str, asked: str, line: int
) -> None:
    rows = read({"guide.md": text}, prompt="{title}: {heading}?")
    assert told(rows) == [(f"docs/guide.md:{line}", asked, "Before.")]


def test_documents_of_one_name_are_told_apart(read: Any) -> None:
    rows = read({"a/x.md": "# A\n\nOne.\n", "b/x.md": "# B\n\nTwo.\n"})
    assert [(row.source, row.group) for row in rows] == [
        ("docs/a/x.md:3", "docs/a/x.md"),
        ("docs/b/x.md:3", "docs/b/x.md"),
    ]


def test_what_is_no_document_is_told(read: Any) -> None:
    with pytest.raises(DataError, match=r"^docs/logo.png: neither Markdown nor text, .*; name documents by a pattern"):
        read({"a.md": "# A\n\nOne.\n", "logo.png": "x"})
    assert len(read({}, path="docs/**/*.md")) == 1
    with pytest.raises(DataError, match=r"^docs/empty.md: holds no examples$"):
        read({"empty.md": "# Only a heading\n"}, path="docs/empty.md")


@pytest.mark.parametrize(
    "prompt", ["Tell me.", "{headng}?", "{heading!r}", "{title.x}", "{heading:9}", "{}", "{heading"]
)
def test_a_prompt_names_the_title_or_the_heading(read: Any, prompt: str) -> None:
    with pytest.raises(ValidationError, match=r"should name {title} or {heading}, and no|expected '}'"):
        read({"a.md": "# A\n\nOne.\n"}, prompt=prompt)
