"""Every error a user can meet, and the exit code of its branch.

::

    GovError                        base of every error that is not a bug
    ├── UsageError             2    the command line asks for what cannot be
    ├── ProjectError           4    the project file: a key, a value, a path
    ├── PluginError            5    a plugin or component: import, clash, unknown name
    │   └── MissingExtraError  5    a component whose libraries are not installed
    ├── DataError              6    examples: a file, a line, a row, nothing left
    ├── ModelError             7    a base or adapter: not found, no template, no such module
    ├── TrainingError          8    training did not give a usable adapter
    ├── LedgerError            9    the ledger cannot be read or written
    │   ├── LedgerLockedError 10    another process held it for too long
    │   ├── NewerLedgerError  11    written by a newer version of this program
    │   └── LedgerMovedError  15    another process decided or moved an alias at the same time
    ├── IntegrityError        12    evidence does not re-derive
    ├── StorageError          13    the disk is full or not writable
    └── ReleaseError          14    an alias does not move: nothing on record allows it

A decision has exit codes of its own: 0 approved, 1 refused, 3 inconclusive. A bug exits with 70 and a
traceback, an interrupt with 130; neither can be mistaken for a decision.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable

APPROVED, REFUSED, INCONCLUSIVE = 0, 1, 3
BUG, INTERRUPTED = 70, 130


class GovError(Exception):
    """Base of every error that is not a bug: one line that says what, where, and what would be right."""

    exit_code = BUG


class UsageError(GovError):
    """The command line asks for something that cannot be."""

    exit_code = 2


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


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """The tail of an error about an unknown ``name``: the nearest known name, else all of them."""
    names = sorted(known)
    near = difflib.get_close_matches(name, names, n=1)
    if near:
        return f"did you mean {near[0]!r}?"
    return f"known: {', '.join(names)}" if names else "none are known"
