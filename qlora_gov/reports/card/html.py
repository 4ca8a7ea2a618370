"""The model card as one HTML file for people: nothing in it runs, and it asks nothing of any other place.

Its content security policy allows one stylesheet, by its digest, and no script, frame, form or request.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path

import jinja2
from markupsafe import Markup

from qlora_gov.reports.card.context.card import CardContext
from qlora_gov.reports.card.context.lineage import Share, TargetLine
from qlora_gov.reports.card.forest import rule_strip, slice_strip, slices_above
from qlora_gov.reports.card.gaps import gaps_of
from qlora_gov.reports.card.markdown import named_values
from qlora_gov.reports.plots.charts import loss_curve, share_bar
from qlora_gov.reports.rendering.hypertext import code, joined, printed, short_code
from qlora_gov.reports.rendering.templates import RenderedCard, environment, from_template

_CELL = re.compile(r"<(th|td)\b")

CARD = "card.html.jinja"
STYLE = "card.css.jinja"


def render_html(context: CardContext, templates: Path | None = None) -> RenderedCard:
    """Render the HTML card with its stylesheet inside; templates and errors are those of :func:`from_template`."""
    style = from_template(STYLE, html_environment, {"edition": context.edition}, templates)
    values = {
        **named_values(context),
        "gaps": gaps_of(context),
        "style": Markup(style.text),  # noqa: S704 - a template's own text, which no data goes into
        "style_digest": base64.b64encode(hashlib.sha256(style.text.encode()).digest()).decode(),
    }
    page = from_template(CARD, html_environment, values, templates)
    return RenderedCard(page.text, {**style.templates, **page.templates})


def html_environment(loader: jinja2.BaseLoader) -> jinja2.Environment:
    """Jinja for HTML: what is printed is escaped, and a name that does not exist is an error."""
    jinja = environment(loader, printed)
    jinja.filters.update(code=code, id=short_code, join=joined)
    jinja.filters.update(strip=rule_strip, slice_strip=slice_strip, slices_above=slices_above)
    jinja.filters.update(curve=loss_curve, bar=_bar, labelled=_labelled)
    return jinja


def _labelled(rows: Markup, columns: Sequence[str]) -> Markup:
    """A table's rows with the name of its column on each cell, which stands beside it where rows become lists.

    All that was printed is escaped by now, so that every tag is the template's own.
    """
    lines = (_CELL.sub(partial(_label, iter(columns)), line) for line in rows.splitlines(keepends=True))
    return Markup("").join(Markup(line) for line in lines)  # noqa: S704 - the template's own text, and escaped names


def _label(columns: Iterator[str], cell: re.Match[str]) -> str:
    name = next(columns)
    return cell[0] if cell[1] == "th" else str(Markup('<td data-label="{}"').format(name))


def _bar(line: Share | TargetLine, target: float | None = None) -> Markup:
    """A share as a bar, with a mark at its target where there is one."""
    return share_bar(line.value, line.share, target)
