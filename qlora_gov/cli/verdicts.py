"""A decision as a table, and as an exit code."""

from __future__ import annotations

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from qlora_gov.errors import APPROVED, INCONCLUSIVE, REFUSED
from qlora_gov.records import Absent, Decision, DecisionOutcome, Outcome

EXIT_CODES = {
    DecisionOutcome.APPROVED: APPROVED,
    DecisionOutcome.REFUSED: REFUSED,
    DecisionOutcome.INCONCLUSIVE: INCONCLUSIVE,
}
_STYLES = {
    Outcome.PASS: "green",
    Outcome.FAIL: "bold red",
    Outcome.INCONCLUSIVE: "yellow",
    DecisionOutcome.APPROVED: "bold green",
    DecisionOutcome.REFUSED: "bold red",
    DecisionOutcome.INCONCLUSIVE: "bold yellow",
}


def show(decision: Decision) -> None:
    """Print the verdicts, their reasons, and the outcome last."""
    console = Console(soft_wrap=True)
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for column in ("verdict", "metric"):
        table.add_column(column, no_wrap=True)
    for column in ("champion", "candidate", "95% interval"):
        table.add_column(column, justify="right", no_wrap=True)
    for item in decision.verdicts:
        verdict = item.verdict
        between = verdict.interval
        table.add_row(
            Text(verdict.outcome.value, style=_STYLES[verdict.outcome]),
            Text(item.metric),
            _number(verdict.champion),
            _number(verdict.candidate),
            f"{_number(between.low)} to {_number(between.high)}" if between else "-",
        )
    console.print(table, crop=False)
    for item in decision.verdicts:
        console.print(Text(f"{item.verdict.outcome.value:<12} {item.verdict.reason}"))
    if decision.exploratory:
        console.print(Text("exploratory: the rules were recorded after the candidate answered; this cannot promote"))
    console.print(Text(decision.outcome.value, style=_STYLES[decision.outcome]))


def _number(value: float | int | Absent | None) -> str:
    if value is None or isinstance(value, Absent):
        return "-"
    return f"{value:.3g}"
