"""Progress on the terminal: a live bar, or a line now and then where there is no terminal."""

from __future__ import annotations

import math
import sys
import time
from types import TracebackType

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn
from rich.progress import TimeRemainingColumn as Remaining

_QUIET_SECONDS = 10.0


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
            Remaining(),
            TextColumn("{task.fields[note]}"),
        )
        self._bars = Progress(*columns, console=self._console, disable=not self._console.is_terminal)
        self._task: TaskID | None = None
        self._label, self._total, self._done, self._said = "", 0, 0, 0.0

    def __enter__(self) -> TerminalProgress:
        self._bars.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bars.stop()
        if isinstance(error, KeyboardInterrupt) and self._label:
            error.add_note(f"while {self._label} ({self._done} of {self._total})")

    def begin(self, label: str, total: int) -> None:
        """Start a piece of work of ``total`` units."""
        self._label, self._total, self._done, self._said = label, total, 0, time.monotonic()
        self._task = self._bars.add_task(label, total=total, note="")
        if not self._console.is_terminal:
            self._console.print(f"{label} ...", highlight=False)

    def advance(self, units: int = 1, note: str = "") -> None:
        """Some units are done."""
        self._done += units
        if self._task is not None:
            self._bars.update(self._task, advance=units, note=note)
        if not self._console.is_terminal and time.monotonic() - self._said > _QUIET_SECONDS:
            self._said = time.monotonic()
            self._console.print(f"{self._label}: {self._done} of {self._total}  {note}", highlight=False)
