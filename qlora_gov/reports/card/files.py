"""The files of a card, from one context: Markdown for the hub, HTML for people, a bill of materials for scanners."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from qlora_gov.canonical import file_id, tree_id
from qlora_gov.reports.card.context.card import CardContext
from qlora_gov.reports.card.cyclonedx.document import bill_of_materials, bom_json
from qlora_gov.reports.card.html import render_html
from qlora_gov.reports.card.markdown import render_card
from qlora_gov.reports.rendering.templates import RenderedCard


def _bom(context: CardContext, templates: Path | None = None) -> RenderedCard:
    return RenderedCard(bom_json(bill_of_materials(context)), {})


RENDERERS: Mapping[str, Callable[[CardContext, Path | None], RenderedCard]] = {
    "card.md": render_card,
    "card.html": render_html,
    "bom.cdx.json": _bom,
}
"""What makes each file of a card."""

REPORTS = "qlora_gov.reports"
"""Under which a card has the digest of that package's code."""


@cache
def _code() -> str:
    """The digest of the code of reports: other code may word or round the same records otherwise."""
    folder = Path(__file__).parents[1]
    return tree_id({path.relative_to(folder).as_posix(): file_id(path) for path in folder.rglob("*.py")})


@dataclass(frozen=True)
class CardFiles:
    """A card's files by name, and the digests of what they were rendered with: the templates, and this package."""

    texts: Mapping[str, str]
    templates: Mapping[str, str]


def card_files(context: CardContext, templates: Path | None = None) -> CardFiles:
    """Render every file; a project's own ``templates`` stand before the installed ones."""
    rendered = {name: render(context, templates) for name, render in RENDERERS.items()}
    digests = {template: digest for one in rendered.values() for template, digest in one.templates.items()}
    digests |= {REPORTS: _code()}
    return CardFiles({name: one.text for name, one in rendered.items()}, dict(sorted(digests.items())))
