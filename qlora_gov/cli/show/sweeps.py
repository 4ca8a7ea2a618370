"""A sweep as a table, with what the rows show of its best trial."""

from __future__ import annotations

from rich.console import Console
from rich.text import Text

from qlora_gov.canonical import short_id
from qlora_gov.cli.show.verdicts import empty_table, figure
from qlora_gov.records import Absent, Interval
from qlora_gov.reports.rendering.figures import interval_words, number
from qlora_gov.reports.sweep.context import SweepReport
from qlora_gov.text import one_line


def show_sweep(report: SweepReport) -> None:
    """Print the trials, the differences, and what they show."""
    console = Console(soft_wrap=True)
    trials = empty_table()
    trials.add_column(report.field, overflow="fold")  # so that no number is cut on a narrow terminal
    for column in (report.metric, _level(report), "bytes", "seconds"):
        trials.add_column(column, justify="right", no_wrap=True)
    trials.add_column("adapter", overflow="fold")
    for trial in report.trials:
        best = " (best)" if trial.best else ""
        seconds = "-" if isinstance(trial.seconds, Absent) else f"{trial.seconds:,.0f}"
        cells = (_number(trial.measured), _ends(trial.interval), number(trial.size), seconds)
        trials.add_row(Text(one_line(trial.value + best)), *cells, short_id(trial.adapter))
    console.print(trials, crop=False)
    for one in report.contrasts:
        shown = "shown" if one.shown else "not shown"
        told = f"best less {report.field} {one.value}: {_number(one.difference)}, {_between(one.interval)}: {shown}"
        console.print(Text(one_line(told)))
    console.print(Text(one_line(report.conclusion)))
    console.print(Text(one_line(report.looks)))


def _level(report: SweepReport) -> str:
    """The heading of the intervals of values, which all have one level."""
    levels = [trial.interval.level for trial in report.trials if isinstance(trial.interval, Interval)]
    return f"{100 * levels[0]:.4g}% interval" if levels else "interval"


def _ends(interval: Interval | Absent) -> str:
    return "-" if isinstance(interval, Absent) else interval_words(interval).rpartition(" (")[0]


def _number(value: float | Absent) -> str:
    return f"not measured: {value.absent}" if isinstance(value, Absent) else figure(value)


def _between(interval: Interval | Absent) -> str:
    return f"no interval: {interval.absent}" if isinstance(interval, Absent) else interval_words(interval)
