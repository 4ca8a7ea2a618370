"""How many rows a policy takes, as a table."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console
from rich.text import Text

from qlora_gov.cli.show.verdicts import empty_table, number
from qlora_gov.stages.foresee import Foreseen
from qlora_gov.stages.plan import Planned
from qlora_gov.text import one_line


def show_plan(plan: Sequence[Planned]) -> None:
    """Print how many rows each rule takes, and the policy as a whole; "about" where no exact chance is at hand."""
    console, shown = Console(soft_wrap=True), empty_table()
    shown.add_column("rule", overflow="fold")
    for column in ("rows", "shows a distance of", "rows to plan for"):
        shown.add_column(column, justify="right", no_wrap=True)
    for item in plan:
        verdict, rows = item.verdict, number(item.verdict.rows_planned)
        about = rows if item.exact or verdict.rows_planned is None else f"about {rows}"
        shown.add_row(Text(item.rule.name), number(verdict.rows), number(verdict.detectable), about)
    console.print(shown, crop=False)
    known = [(item.verdict.rows_planned, item.exact) for item in plan if item.verdict.rows_planned is not None]
    if known:
        most, exact = max(known)
        about = "" if exact else "about "
        console.print(Text(f"{about}{most:,} rows decide every rule above that has a number, each in 4 of 5 cases"))
    for item in plan:
        if item.verdict.rows_planned is None:
            console.print(Text(f"no number for {item.rule.name!r}: {one_line(item.verdict.reason)}"))


def show_foreseen(foreseen: Sequence[Foreseen]) -> None:
    """Print what rows that nobody has answered can show of each rule."""
    console, shown = Console(soft_wrap=True), empty_table()
    shown.add_column("rule", overflow="fold")
    for column in ("rows", "can pass", "rows at least"):
        shown.add_column(column, justify="right", no_wrap=True)
    for item in foreseen:
        can = "never" if item.never is not None else "if better" if item.better else "yes"
        shown.add_row(Text(item.rule.name), number(item.rows), can, number(item.rows_needed))
    console.print(shown, crop=False)
    for item in foreseen:
        if item.sentence is not None:
            console.print(Text(one_line(item.sentence)))
    console.print(Text("nothing is evaluated yet: so many rows can pass a rule at best; how many decide it depends on"))
    console.print(Text("the answers, and 'qlora-gov plan' says it after an evaluation"))
