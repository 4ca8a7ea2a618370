"""Traces, lists of numbers and replays as text. Whatever comes from data or plugins is shown on one line each."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import groupby

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from qlora_gov.records import EDITION, Absent, RuleVerdict
from qlora_gov.reports.rendering.digits import places_of
from qlora_gov.reports.rendering.figures import about, interval_words, number
from qlora_gov.stages.replay import Replay
from qlora_gov.text import one_line
from qlora_gov.tracing import StatedNumber, Trace
from qlora_gov.tracing.context import TracedAnswer, TracedPlugin

_PLANNED = ("rows_needed", "rows_planned")
SLICES = 20
"""How many slices are shown; ``--json`` has all."""


def show_trace(trace: Trace) -> None:
    """Print a trace from the value down to the rows."""
    console = Console(soft_wrap=True)
    _heading(console, f"{trace.metric} in decision {trace.decision}")
    values = _table("", "value", "rows scored", "entry")
    for one in trace.values:
        values.add_row(*_cells(one.who, one.value, f"{one.scored} of {one.rows}", one.seq))
    console.print(values, crop=False)
    _heading(console, "rules" if trace.rules else "no rule judges it")
    for item in trace.rules:
        _rule(console, item)
    _heading(console, "measured by")
    _line(console, _plugin(trace.plugin))
    _slices(console, trace)
    _heading(console, f"rows, the worst against the {trace.baseline} first")
    for row in trace.rows:
        _heading(console, f"row {row.row}  {row.source}  {row.example}")
        _line(console, f"  prompt:    {row.prompt}")
        _line(console, f"  reference: {row.reference}")
        for who, answer in (("candidate", row.candidate), (trace.baseline, row.baseline)):
            _line(console, f"  {who}: {_answer(answer)}")
    _heading(console, "ledger entries on the way")
    for entry in trace.entries:
        _line(console, f"  {entry.seq:>6}  {entry.kind:<10}  {entry.id}")


def show_numbers(numbers: Sequence[StatedNumber]) -> None:
    """Print every number by group, with the record and field that it comes from."""
    console = Console(soft_wrap=True)
    for (group, seq, id_), held in groupby(numbers, key=lambda one: (one.group, one.seq, one.id)):
        _heading(console, f"{group}  (entry {seq}, {id_})")
        for one in held:
            exact = "" if one.shown == str(one.value) else f"  ({one.value!r})"
            more = f"  -> trace {one.metric}" if one.metric else ""
            _line(console, f"  {one.shown:>12}{exact}  {one.field}{more}")


def show_replay(replay: Replay, side: str) -> None:
    """Print the match rates, the rows that differ, and what of the environment does."""
    console = Console(soft_wrap=True)
    _line(console, f"{side}: {replay.sentence}")
    _line(console, f"rows: {', '.join(str(row.row) for row in replay.rows)}")
    for row in replay.rows:
        if not row.matches:
            what = [*(["its answer"] if not row.text else []), *(["its likelihood"] if row.likelihood is False else [])]
            _line(console, f"row {row.row} differs in {' and '.join(what)}")
    for name, then, now in replay.changed:
        _line(console, f"environment: {name} was {then}, is {now}")
    if not replay.changed:
        _line(console, "environment: the same as then")


def _rule(console: Console, item: RuleVerdict) -> None:
    verdict = item.verdict
    _line(console, f"  {verdict.outcome.value:<12} {item.rule.name}, against the {item.rule.against}: {verdict.reason}")
    places = places_of(verdict, EDITION).contrast
    found = ("estimate", "bound", "detectable")
    exact = ("threshold", "alpha", "rows", "clusters")
    told = [
        *(f"{name} {number(value, places)}" for name in found if (value := getattr(verdict, name)) is not None),
        *(f"{name} {number(value)}" for name in exact if (value := getattr(verdict, name)) is not None),
        *(f"{name} {about(rows)}" for name in _PLANNED if (rows := getattr(verdict, name)) is not None),
    ]
    between = [f"interval {interval_words(verdict.interval, places)}"] if verdict.interval else []
    _line(console, f"  {'':<12} {'; '.join([*between, *told])}")
    for one in verdict.slices:
        _line(console, f"  {'':<12} {one.outcome.value} where it is {one.slice}: {one.reason}")


def _slices(console: Console, trace: Trace) -> None:
    if not trace.slices:
        return
    more = f", {SLICES} of {len(trace.slices)}" if len(trace.slices) > SLICES else ""
    _heading(console, f"slices, the worst first{more}")
    table = _table("label", "value", "rows", "candidate", trace.baseline)
    for one in trace.slices[:SLICES]:
        table.add_row(*_cells(one.label, one.value, one.rows, one.candidate, one.baseline))
    console.print(table, crop=False)


def _plugin(plugin: TracedPlugin) -> str:
    if plugin.installed is None:
        now = "it is not installed"
    else:
        now = "still the installed one" if plugin.installed == plugin.source else f"now installed: {plugin.installed}"
    return f"  {plugin.name}, {plugin.distribution} {plugin.version}, source {plugin.source} ({now})"


def _answer(answer: TracedAnswer) -> str:
    statistics = ", ".join(f"{name} {value:g}" for name, value in (answer.statistics or {}).items())
    return f"{_shown(answer.score)}{f' ({statistics})' if statistics else ''}  {answer.answer}"


def _table(*columns: str) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for column in columns:
        table.add_column(Text(one_line(column)), no_wrap=True)
    return table


def _cells(*values: str | int | float | Absent) -> Iterable[Text]:
    return (Text(one_line(_shown(value))) for value in values)


def _shown(value: str | int | float | Absent) -> str:
    if isinstance(value, str):
        return value
    return f"not measured: {value.absent}" if isinstance(value, Absent) else number(value)


def _heading(console: Console, text: str) -> None:
    console.print(Text(one_line(text), style="bold"))


def _line(console: Console, text: str) -> None:
    """One line; leading spaces stay."""
    inner = text.lstrip(" ")
    console.print(Text(" " * (len(text) - len(inner)) + one_line(inner)))
