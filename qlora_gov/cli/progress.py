"""Progress on the terminal: a live bar, or a line now and then where there is no terminal."""

from __future__ import annotations

import math
import sys
import time
from datetime import timedelta
from types import TracebackType

import click
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    Task,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.text import Text

from qlora_gov.text import one_line

_QUIET_SECONDS = 10.0
_PERIOD = 600.0
"""Seconds that a pace is the mean of: a step may take a minute."""


class Pace(ProgressColumn):
    """How long a unit takes, or how many a second takes; nothing before the second one is done."""

    def render(self, task: Task) -> Text:
        """As rich calls it. What an earlier run had done is no part of it, nor is what came first."""
        if not task.speed:
            return Text()
        return Text(f"{task.speed:,.0f}/s" if task.speed >= 1 else f"{1 / task.speed:.1f} s each")


class Waiting:
    """Says on standard error that the ledger is held: at once, and then once a second, or in a log every ten."""

    def __init__(self) -> None:
        self._every = 1.0 if sys.stderr.isatty() else _QUIET_SECONDS
        self._said = -math.inf

    def __call__(self, seconds: float) -> None:
        """``seconds`` have been waited; this is called before every new attempt, several times a second."""
        if (now := time.monotonic()) - self._said >= self._every:
            self._said = now
            click.echo(f"waiting for the ledger, held by another process ({seconds:.0f} s)", err=True)


class TerminalProgress:
    """Shows each piece of work on standard error: one bar for the current one, the finished ones above it."""

    def __init__(self) -> None:
        self._console = Console(stderr=True)
        columns = (
            TextColumn("{task.description:<24}"),
            BarColumn(bar_width=30),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TimeRemainingColumn(),
            Pace(),
            TextColumn("{task.fields[note]}"),
        )
        self._bars = Progress(
            *columns,
            console=self._console,
            disable=not self._console.is_terminal,
            speed_estimate_period=_PERIOD,
        )
        self._said = 0.0

    def __enter__(self) -> TerminalProgress:
        self._bars.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bars.stop()
        if isinstance(error, KeyboardInterrupt) and self._bars.tasks:
            task = self._bars.tasks[-1]
            error.add_note(f"while {task.description} ({task.completed} of {task.total})")

    def begin(self, label: str, total: int) -> None:
        """Start a piece of work of ``total`` units."""
        self._said = time.monotonic()
        self._bars.add_task(label, total=total, note="")
        if not self._console.is_terminal:
            self._console.print(f"{label} ...", highlight=False)

    def tell(self, line: str) -> None:
        """A line that stays above the bars."""
        self._console.print(Text(one_line(line)), soft_wrap=True)

    def advance(self, units: int = 1, note: str = "") -> None:
        """Some units are done."""
        if not self._bars.tasks:
            return
        task = self._bars.tasks[-1]
        self._bars.update(task.id, advance=units, note=note)
        if not self._console.is_terminal and time.monotonic() - self._said > _QUIET_SECONDS:
            self._said = time.monotonic()
            seconds = task.time_remaining
            left = "" if seconds is None else f", {timedelta(seconds=round(seconds))} left, {Pace().render(task)}"
            told = f"{task.description}: {task.completed} of {task.total}{left}  {note}"
            self._console.print(told.rstrip(), highlight=False)
