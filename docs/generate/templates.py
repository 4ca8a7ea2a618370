"""The templates that come with the product, and what each is given."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import jinja2
from jinja2.filters import FILTERS
from pydantic import BaseModel

from docs.generate.markdown import prose
from qlora_gov.reports.card import html, markdown
from qlora_gov.reports.card.context.card import CardContext
from qlora_gov.reports.changelog import markdown as changelog
from qlora_gov.reports.changelog.context import Changelog
from qlora_gov.reports.dataset import data_card
from qlora_gov.reports.dataset.description import DataDescription
from qlora_gov.reports.decision import summary
from qlora_gov.reports.sweep import markdown as sweep
from qlora_gov.reports.sweep.context import SweepReport


@dataclass(frozen=True)
class Template:
    """A template, what makes its environment, and the names that it is given."""

    name: str
    environment: Callable[[jinja2.BaseLoader], jinja2.Environment]
    what: str
    context: type[BaseModel] | None = None
    names: tuple[tuple[str, str, str], ...] = ()

    @property
    def filters(self) -> Mapping[str, str]:
        """The filters that are not Jinja's own, with what their functions say of themselves."""
        filters = sorted(self.environment(jinja2.BaseLoader()).filters.items())
        return {name: prose(used.__doc__) for name, used in filters if used is not FILTERS.get(name)}

    @property
    def known(self) -> set[str]:
        """Every name that it may use."""
        return {*(self.context.model_fields if self.context else ()), *(name for name, _, _ in self.names)}


TEMPLATES = (
    Template(
        markdown.CARD, markdown.card_environment, "the model card for the Hub, below its front matter", CardContext
    ),
    Template(
        html.CARD,
        html.html_environment,
        "the model card for people",
        CardContext,
        (
            ("gaps", "list", "what the card cannot say, with the reason, gathered from the whole context"),
            ("style", "text", f"the stylesheet, `{html.STYLE}` as rendered"),
            ("style_digest", "text", "its SHA-256 in base64, for the page's content security policy"),
        ),
    ),
    Template(
        html.STYLE,
        html.html_environment,
        "the stylesheet of the card for people",
        None,
        (("edition", "whole number", "the card's `edition`, since what a released one looked like stays"),),
    ),
    Template(changelog.TEMPLATE, markdown.card_environment, "what 'qlora-gov changelog' prints", Changelog),
    Template(
        data_card.TEMPLATE,
        markdown.card_environment,
        "the data card of 'qlora-gov data export', below its front matter",
        DataDescription,
    ),
    Template(
        sweep.TEMPLATE, markdown.card_environment, "the report of 'qlora-gov sweep', beside its plot", SweepReport
    ),
    Template(
        summary.TEMPLATE,
        markdown.card_environment,
        "the summary of a decision for a pull request ('--summary')",
        None,
        (
            ("report", "[DecisionReport](#decisionreport)", "the decision; its JSON form is what '--json' writes"),
            ("rules", "list of [RuleReport](#rulereport)", "rules that are shown, the worst first"),
        ),
    ),
)
