"""How many rows a policy takes, as a table."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console
from rich.text import Text

from qlora_gov.cli.show.verdicts import empty_table, figure
from qlora_gov.reports.rendering.figures import about
from qlora_gov.stages.foresee import Foreseen
from qlora_gov.stages.plan import Planned
from qlora_gov.text import one_line

MANY = 10_000
"""Rows that are planned, however exactly, as a round number only."""


def show_plan(plan: Sequence[Planned]) -> None:
    """Print how many rows each rule takes, and the policy as a whole; "about" where no exact chance is at hand."""
    console, shown = Console(soft_wrap=True), empty_table()
    shown.add_column("rule", overflow="fold")
    for column in ("rows", "shows a distance of", "rows to plan for"):
        shown.add_column(column, justify="right", no_wrap=True)
    for item in plan:
        verdict = item.verdict
        shown.add_row(Text(item.rule.name), figure(verdict.rows), figure(verdict.detectable), _rows(item))
    console.print(shown, crop=False)
    known = [(item.verdict.rows_planned, item) for item in plan if item.verdict.rows_planned is not None]
    if known:
        most = max(known, key=lambda one: one[0])[1]
        console.print(Text(f"{_rows(most)} rows decide every rule above that has a number, each in 4 of 5 cases"))
    for item in plan:
        if item.verdict.rows_planned is None:
            console.print(Text(f"no number for {item.rule.name!r}: {one_line(item.verdict.reason)}"))


def _rows(item: Planned) -> str:
    """The rows to plan for: as they are where an exact chance is at hand, else rounded up."""
    rows = item.verdict.rows_planned
    return figure(rows) if rows is None or (item.exact and rows < MANY) else about(rows)


def show_foreseen(foreseen: Sequence[Foreseen]) -> None:
    """Print what rows that nobody has answered can show of each rule."""
    console, shown = Console(soft_wrap=True), empty_table()
    shown.add_column("rule", overflow="fold")
    for column in ("rows", "can pass", "rows at least"):
        shown.add_column(column, justify="right", no_wrap=True)
    for item in foreseen:
        can = "never" if item.never is not None else "if better" if item.better else "yes"
        shown.add_row(Text(item.rule.name), figure(item.rows), can, figure(item.rows_needed))
    console.print(shown, crop=False)
    for item in foreseen:
        if item.sentence is not None:
            console.print(Text(one_line(item.sentence)))
    console.print(Text("nothing is evaluated yet: so many rows can pass a rule at best; how many decide it depends on"))
    console.print(Text("the answers, and 'qlora-gov plan' says it after an evaluation"))
