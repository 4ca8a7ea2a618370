"""The changelog as Markdown."""

from __future__ import annotations

from pathlib import Path

from qlora_gov.reports.card.markdown import card_environment
from qlora_gov.reports.changelog.context import Changelog
from qlora_gov.reports.rendering.templates import RenderedCard, from_template

TEMPLATE = "changelog.md.jinja"


def render_changelog(log: Changelog, templates: Path | None = None) -> RenderedCard:
    """Render the changelog as Markdown; templates and errors are those of :func:`from_template`."""
    values = {name: getattr(log, name) for name in Changelog.model_fields}
    return from_template(TEMPLATE, card_environment, values, templates)
