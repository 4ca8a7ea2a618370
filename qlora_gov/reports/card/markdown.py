"""The Markdown card: front matter from a YAML library, then the body from the template."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import jinja2
import yaml

from qlora_gov.reports.card.context.card import CardContext
from qlora_gov.reports.card.front_matter import hub_metadata
from qlora_gov.reports.rendering.markdown import code, joined, printed, short_code
from qlora_gov.reports.rendering.templates import RenderedCard, environment, from_template

CARD = "card.md.jinja"


def card_environment(loader: jinja2.BaseLoader) -> jinja2.Environment:
    """Jinja for Markdown."""
    jinja = environment(loader, printed)
    jinja.filters.update(code=code, id=short_code, join=joined)
    return jinja


def render_card(context: CardContext, templates: Path | None = None) -> RenderedCard:
    """Render the Markdown card: front matter from a YAML library, then the body from the template.

    Templates and errors are those of :func:`from_template`.
    """
    body = from_template(CARD, card_environment, named_values(context), templates)
    metadata = yaml.safe_dump(hub_metadata(context), sort_keys=False, allow_unicode=True, width=10_000)
    return RenderedCard(f"---\n{metadata}---\n\n{body.text}", body.templates)


def named_values(context: CardContext) -> dict[str, Any]:
    """The context's fields, as templates name them."""
    return {name: getattr(context, name) for name in CardContext.model_fields}
