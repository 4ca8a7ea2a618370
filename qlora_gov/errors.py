"""Every error a user can meet, and the exit code of its branch.

::

    GovError                        base of every error that is not a bug
    ├── UsageError             2    the command line asks for what cannot be
    ├── UndecidableError       3    no answers to these rows could pass the policy; nothing was trained
    ├── ProjectError           4    the project file: a key, a value, a path
    ├── PluginError            5    a plugin or component: import, clash, unknown name
    │   └── MissingExtraError  5    a component whose libraries are not installed
    ├── DataError              6    examples: a file, a line, a row, nothing left
    ├── ModelError             7    a base or adapter: not found, no template, no such module
    ├── TrainingError          8    training did not give a usable adapter
    ├── LedgerError            9    the ledger cannot be read or written
    │   ├── LedgerLockedError 10    another process held it for too long
    │   ├── NewerLedgerError  11    written by a newer version of this program
    │   └── LedgerMovedError  15    another process evaluated, decided or moved an alias at the same time
    ├── IntegrityError        12    evidence does not re-derive
    ├── StorageError          13    the disk is full or not writable
    └── ReleaseError          14    an alias does not move: nothing on record allows it

A decision has exit codes of its own: 0 approved, 1 refused, 3 inconclusive, which is also what a policy is that no
answers could pass. A bug exits with 70 and a traceback, an interrupt with 130, SIGTERM with 143; none of them can be
mistaken for a decision.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TypeVar

A = TypeVar("A")
R = TypeVar("R")

APPROVED, REFUSED, INCONCLUSIVE = 0, 1, 3
BUG, INTERRUPTED, TERMINATED = 70, 130, 143


class GovError(Exception):
    """Base of every error that is not a bug: a line for each thing that is wrong.

    A line says what, where, and what would be right. As text, the lines are one.
    """

    exit_code = BUG

    def __init__(self, line: str, *more: str) -> None:
        super().__init__(line, *more)

    @property
    def lines(self) -> tuple[str, ...]:
        """Each thing that is wrong."""
        return tuple(map(str, self.args))

    def __str__(self) -> str:
        return "; ".join(self.lines)


class UsageError(GovError):
    """The command line asks for something that cannot be."""

    exit_code = 2


class UndecidableError(GovError):
    """No answers to the evaluation rows could pass the policy: a training would be in vain."""

    exit_code = INCONCLUSIVE


class ProjectError(GovError):
    """The project file has a wrong key, value or path."""

    exit_code = 4


class PluginError(GovError):
    """A plugin or one of its components cannot be used."""

    exit_code = 5


class MissingExtraError(PluginError):
    """A component is used whose libraries are not installed."""


class DataError(GovError):
    """Examples cannot be read, or none are left."""

    exit_code = 6


class ModelError(GovError):
    """A base model or adapter cannot be used."""

    exit_code = 7


class TrainingError(GovError):
    """Training did not give a usable adapter; none is recorded."""

    exit_code = 8


class LedgerError(GovError):
    """The ledger cannot be read or written."""

    exit_code = 9


class LedgerLockedError(LedgerError):
    """Another process held the ledger for longer than the bounded wait."""

    exit_code = 10


class NewerLedgerError(LedgerError):
    """The ledger was written by a newer version of this program."""

    exit_code = 11


class LedgerMovedError(LedgerError):
    """Another process appended what this record should have been made after; nothing was added."""

    exit_code = 15


class IntegrityError(GovError):
    """Evidence does not re-derive: an id, a digest, a link or a value differs."""

    exit_code = 12


class StorageError(GovError):
    """The disk is full, or a file cannot be written."""

    exit_code = 13


class ReleaseError(GovError):
    """An alias does not move: no decision, waiver or file at hand allows it."""

    exit_code = 14


def try_each(function: Callable[[A], R], items: Iterable[A]) -> list[R]:
    """The result for each item. Raises one error with the lines of all that were raised, of the first one's kind."""
    results: list[R] = []
    errors: list[GovError] = []
    for item in items:
        try:
            results.append(function(item))
        except GovError as error:
            errors.append(error)
    if errors:
        raise type(errors[0])(*(line for error in errors for line in error.lines)) from errors[0]
    return results


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """The tail of an error about an unknown ``name``: the known name that it stands for, else all of them."""
    names = sorted(known)
    if (near := nearest(name, names)) is not None:
        return f"did you mean {near!r}?"
    return f"known: {', '.join(names)}" if names else "none are known"


def nearest(name: str, known: Iterable[str]) -> str | None:
    """The known name of which ``name`` is a misspelling, or else the only one of which it is the beginning.

    A misspelling keeps the first letter and differs by one edit for every four letters: with more of them, or another
    first letter, it may as well be another word, as ``validate`` is no ``evaluate`` and ``export`` no ``import``.
    """
    names = sorted(known)
    edits = {one: _edits(name.lower(), one.lower()) for one in names if one[:1].lower() == name[:1].lower()}
    near = min(edits, key=edits.__getitem__, default=None)
    if near is not None and edits[near] <= max(len(name), len(near)) // 4:
        return near
    begun = [one for one in names if one.startswith(name)]
    return begun[0] if len(begun) == 1 and len(name) >= 3 else None


def _edits(one: str, other: str) -> int:
    """How many letters to insert, delete, replace or swap with their neighbour turn one word into the other.

    The optimal string alignment: row i, column j is the number for the first i and j letters.
    """
    rows = [list(range(len(other) + 1))]
    for i, letter in enumerate(one, start=1):
        row = [i]
        for j, goal in enumerate(other, start=1):
            row.append(min(rows[-1][j] + 1, row[-1] + 1, rows[-1][j - 1] + (letter != goal)))
            if i > 1 and j > 1 and (letter, one[i - 2]) == (other[j - 2], goal):
                row[-1] = min(row[-1], rows[-2][j - 2] + 1)
        rows.append(row)
    return rows[-1][-1]
