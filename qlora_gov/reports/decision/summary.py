"""A decision as Markdown for a pull request: the outcome first, the ids last."""

from __future__ import annotations

from pathlib import Path

from qlora_gov.reports.card.markdown import card_environment
from qlora_gov.reports.decision.report import DecisionReport, RuleReport
from qlora_gov.reports.rendering.templates import from_template

LIMIT = 65_536
"""Characters that GitHub takes as the body of a comment. Bytes are counted, of which there are never fewer."""

TEMPLATE = "summary.md.jinja"


def summary_markdown(report: DecisionReport, templates: Path | None = None) -> str:
    """The summary, the worst rules first. Rules that do not fit into a comment are left out, and their number said.

    A project's own ``templates`` directory stands before the installed one. Raises ProjectError where its template
    is at fault.
    """
    rules = sorted(report.rules, key=lambda rule: rule.verdict.outcome.rank)
    shown = len(rules)
    while len((text := _rendered(report, rules[:shown], templates)).encode()) > LIMIT and shown:
        shown //= 2
    return text


def _rendered(report: DecisionReport, rules: list[RuleReport], templates: Path | None) -> str:
    return from_template(TEMPLATE, card_environment, {"report": report, "rules": rules}, templates).text
