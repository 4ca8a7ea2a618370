"""Every link of a document to a file or heading of the repository leads somewhere."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import ROOT
from tests.docs.markdown import anchors_of, documents, links_of

ELSEWHERE = re.compile(r"[a-z][a-z0-9+.-]*:")


def broken(document: Path) -> Iterator[str]:
    """The links that lead nowhere. Fragments of the changelog are read from where they end up, the root."""
    base = ROOT if document.parent.name == "changelog.d" else document.parent
    for link in links_of(document):
        if ELSEWHERE.match(link):
            continue
        file, _, anchor = link.partition("#")
        target = (base / file).resolve() if file else document
        if not target.exists() or (anchor and anchor not in anchors_of(target)):
            yield link


@pytest.mark.parametrize("document", documents(), ids=lambda path: path.relative_to(ROOT).as_posix())
def test_links_lead_somewhere(document: Path) -> None:
    assert list(broken(document)) == []


def test_a_link_that_leads_nowhere_is_found(tmp_path: Path) -> None:
    document = tmp_path / "page.md"
    document.write_text(
        "# A `b` c\n\n## Twice\n\n## Twice\n\n[1](none.md) [2](#a-b-c) [3](#d) [4](page.md#twice-1) [5](x:y)\n"
    )
    assert list(broken(document)) == ["none.md", "#d"]
