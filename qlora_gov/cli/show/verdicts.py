"""A decision as a table, and as an exit code. Reasons may quote data and plugins: each is shown on one line."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from qlora_gov.canonical import short_id
from qlora_gov.errors import APPROVED, INCONCLUSIVE, REFUSED
from qlora_gov.records import (
    EDITION,
    Absent,
    ContrastKind,
    Decision,
    DecisionOutcome,
    Evaluation,
    Outcome,
    RuleVerdict,
)
from qlora_gov.reports.rendering.digits import places_of
from qlora_gov.reports.rendering.figures import number
from qlora_gov.text import one_line

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
_MENDED = "that in force when the candidate answered failed, and gave no number on these rows"
_EXPLORATORY = "bold yellow"
_WORD = 30
"""Characters of a rule's name that are not broken within."""
_UNITS: dict[ContrastKind | None, str] = {
    "value": "value",
    "difference": "difference",
    "scaled_difference": "scaled difference",
    "log_ratio": "log ratio",
}
"""What an interval is of, by the kind of its contrast."""


def exit_code(decision: Decision) -> int:
    """0 approved, 1 refused, 3 inconclusive; an exploratory approval cannot promote, so no pipeline may ship on it."""
    if decision.exploratory and decision.outcome is DecisionOutcome.APPROVED:
        return INCONCLUSIVE
    return EXIT_CODES[decision.outcome]


def show(decision: Decision) -> None:
    """Print the verdicts, their reasons, and the outcome last; that it is exploratory stands first and last."""
    console, outcome = Console(soft_wrap=True), decision.outcome
    if decision.exploratory:
        console.print(Text("EXPLORATORY: the rules were recorded after the candidate answered", style=_EXPLORATORY))
    console.print(Text(f"decision {short_id(decision.id)} on adapter {short_id(decision.adapter)}"))
    console.print(_verdicts(decision.verdicts), crop=False)
    for item in decision.verdicts:
        console.print(Text(f"{item.verdict.outcome.value:<12} {one_line(item.verdict.reason)}"))
    for notice in decision.notices:
        console.print(Text(f"{'notice':<12} {one_line(notice)}", style="bold yellow"))
    for name in decision.mended:
        console.print(Text(f"mended: the code of {one_line(name)} is younger than the answers; {_MENDED}"))
    if decision.whole_looks is None:
        most = max((decision.looks or {}).values())
        console.print(Text(f"rows of this set were judged before: {most:.3g} times on average, at most, by a rule"))
    elif decision.undecided and decision.look > 1:
        console.print(Text(f"this is look {decision.look} at these rows"))
    elif decision.look > 1:
        console.print(Text(f"this is decision {decision.look} on these rows"))
    if decision.exploratory:
        console.print(Text(f"EXPLORATORY: {outcome.value} by these rules; this cannot promote", style=_EXPLORATORY))
    else:
        console.print(Text(outcome.value, style=_STYLES[outcome]))


def _verdicts(verdicts: Sequence[RuleVerdict]) -> Table:
    table = empty_table("verdict")
    words = [len(word) for item in verdicts for word in item.rule.name.split()]
    # Folded, so that no number is cut on a narrow terminal, and between words where there is room for the longest.
    table.add_column("rule", overflow="fold", min_width=min(max(words, default=0), _WORD))
    against = {item.rule.against for item in verdicts}
    for column in (against.pop() if len(against) == 1 else "baseline", "candidate", "95% interval"):
        table.add_column(column, justify="right", no_wrap=True)
    table.add_column("of")
    for item in verdicts:
        verdict, between = item.verdict, item.verdict.interval
        places = places_of(verdict, EDITION)
        ends = None if between is None else [figure(end, places.contrast) for end in (between.low, between.high)]
        table.add_row(
            Text(verdict.outcome.value, style=_STYLES[verdict.outcome]),
            Text(item.rule.name),
            figure(verdict.baseline, places.values),
            figure(verdict.candidate, places.values),
            " to ".join(ends) if ends else "-",
            _UNITS.get(verdict.contrast_kind, "-") if ends else "-",
        )
    return table


def show_measurements(evaluations: Mapping[str, Evaluation]) -> None:
    """Print what was measured on each subject, side by side."""
    table = empty_table("metric")
    for who in evaluations:
        table.add_column(who, justify="right", no_wrap=True)
    found = [{m.name: m.value for m in evaluation.measurements} for evaluation in evaluations.values()]
    for name in dict.fromkeys(name for values in found for name in values):
        table.add_row(Text(name), *(figure(values.get(name)) for values in found))
    Console(soft_wrap=True).print(table, crop=False)
    show_unmeasured(evaluations)


def show_unmeasured(evaluations: Mapping[str, Evaluation]) -> None:
    """Print what could not be measured, on whose answers, and why: each of it closes the gate of its rules."""
    console = Console(soft_wrap=True)
    for who, evaluation in evaluations.items():
        for one in evaluation.measurements:
            if isinstance(one.value, Absent):
                console.print(Text(f"not measured on {who}: {one.name}: {one_line(one.value.absent)}"))
            elif one.scored < one.rows:
                told = f"{one.rows - one.scored} of {one.rows} rows could not be scored"
                console.print(Text(f"not whole on {who}: {one.name}: {told}"))


def empty_table(*columns: str) -> Table:
    """A table with these columns and no rows."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for column in columns:
        table.add_column(column, no_wrap=True)
    return table


def figure(value: float | int | Absent | None, places: int | None = None) -> str:
    """A number as it is shown; a dash for none."""
    if value is None or isinstance(value, Absent):
        return "-"
    if isinstance(value, int) or places is not None:
        return number(value, places)
    return f"{value:.3g}"
