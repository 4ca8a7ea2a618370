"""The files of a card, from one context: Markdown for the hub, HTML for people, a bill of materials for scanners."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from qlora_gov.canonical import file_id, tree_id
from qlora_gov.reports.bom import bill_of_materials, bom_json
from qlora_gov.reports.context import CardContext
from qlora_gov.reports.html import render_html
from qlora_gov.reports.render import RenderedCard, render_card


def _bom(context: CardContext, templates: Path | None = None) -> RenderedCard:
    return RenderedCard(bom_json(bill_of_materials(context)), {})


RENDERERS: Mapping[str, Callable[[CardContext, Path | None], RenderedCard]] = {
    "card.md": render_card,
    "card.html": render_html,
    "bom.cdx.json": _bom,
}
"""What makes each file of a card."""


@cache
def _code() -> str:
    """The digest of this package: other code may word or round the same records otherwise."""
    folder = Path(__file__).parent
    return tree_id({path.name: file_id(path) for path in folder.glob("*.py")})


@dataclass(frozen=True)
class CardFiles:
    """A card's files by name, and the digests of what they were rendered with: the templates, and this package."""

    texts: Mapping[str, str]
    templates: Mapping[str, str]


def card_files(context: CardContext, templates: Path | None = None) -> CardFiles:
    """Render every file; a project's own ``templates`` stand before the installed ones."""
    rendered = {name: render(context, templates) for name, render in RENDERERS.items()}
    digests = {template: digest for one in rendered.values() for template, digest in one.templates.items()}
    digests |= {__package__: _code()}
    return CardFiles({name: one.text for name, one in rendered.items()}, dict(sorted(digests.items())))
