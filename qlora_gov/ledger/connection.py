"""How the ledger's file is opened: late, briefly, patiently, and with DuckDB's errors as ours.

DuckDB lets one process write or several read. Whoever finds the file held tries again after a short random time,
which needs no queue, and who has written rests before it writes again, or it would be first every time.
"""

from __future__ import annotations

import errno
import os
import re
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TypeVar

import duckdb
from tenacity import RetryCallState, Retrying, retry_if_exception_type, stop_after_delay, wait_random

from qlora_gov.errors import GovError, LedgerError, LedgerLockedError, LedgerMovedError, NewerLedgerError, StorageError
from qlora_gov.ledger.sql import MOVED

T = TypeVar("T")

# Two threads, since many would only make opening slow. Rows are read in the order in which they were appended.
# Nothing is ever downloaded. Python objects are texts, without looking at a sample of them first: a sample without
# a text makes DuckDB ask for pandas.
_CONFIG = {
    "threads": 2,
    "preserve_insertion_order": True,
    "autoinstall_known_extensions": False,
    "autoload_known_extensions": False,
    "pandas_analyze_sample": 0,
}
# An attempt costs 4 ms of processor time, so that sixteen that wait must not try much more often than this.
_PAUSE = wait_random(0.05, 0.4)
# Sixteen processes that append for 30 s on two cores: the longest wait is 14 s without this rest, 7 s with it.
REST = 0.03
_UNWRITABLE = tuple(os.strerror(code) for code in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS))
_HELD = ("Could not set lock", "different configuration", "Unique file handle conflict")
_OVERTAKEN = ("Duplicate key", "duplicate key", "write-write conflict", "Conflict on update", "Conflict on tuple")
_MEANINGS = {
    "Could not connect to server": "no DuckDB server answers there",
    "Authentication failed": "its token is another than the one in this environment",
}
_HOLDER = re.compile(r"\(PID (\d+)\)")


def connect(path: Path | None = None, *, read_only: bool = False) -> duckdb.DuckDBPyConnection:
    """Open a database file, or one in memory. Raises LedgerError, or a subclass that says more, or StorageError."""
    with translated(path):
        return duckdb.connect(":memory:" if path is None else str(path), read_only=read_only, config=_CONFIG)


@contextmanager
def opened(path: Path, *, read_only: bool = False) -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection to a database file for the length of a block; what is not committed then is rolled back."""
    with translated(path), closing(connect(path, read_only=read_only)) as connection:
        yield connection


@contextmanager
def translated(where: object) -> Iterator[None]:
    """Turn errors of DuckDB and of the file system within a block into one line that says ``where``."""
    try:
        yield
    except duckdb.Error as error:
        raise _explain(error, where) from error
    except OSError as error:
        raise StorageError(f"{where} cannot be written: {error.strerror}: {error.filename}") from error


def patiently(attempt: Callable[[], T], *, wait: float, on_wait: Callable[[float], None] | None) -> T:
    """Call ``attempt`` until the ledger is free, for ``wait`` seconds at most.

    ``on_wait`` is called before every pause with the seconds waited so far. Raises LedgerLockedError after that.
    """

    def tell(state: RetryCallState) -> None:
        if on_wait is not None:
            on_wait(state.seconds_since_start or 0.0)

    retrying = Retrying(
        retry=retry_if_exception_type(LedgerLockedError),
        wait=_PAUSE,
        stop=stop_after_delay(wait),
        before_sleep=tell,
        reraise=True,
    )
    try:
        return retrying(attempt)
    except LedgerLockedError as error:
        raise LedgerLockedError(f"{error} and was not free within {wait:g} s; try again when it has ended") from error


def _explain(error: duckdb.Error, where: object) -> GovError:
    message = str(error).splitlines()[0]
    if any(reason in message for reason in _UNWRITABLE):
        return StorageError(f"{where} cannot be written: {message.rsplit(': ', 1)[-1]}")
    if any(sign in message for sign in _HELD):
        found = _HOLDER.search(message)
        return LedgerLockedError(f"{where} is held by {f'process {found[1]}' if found else 'this process'}")
    if MOVED in message:
        return LedgerMovedError(
            f"{where}: another process evaluated, decided or moved an alias at the same time; run this again"
        )
    if any(sign in message for sign in _OVERTAKEN):
        return LedgerLockedError(f"{where} is being extended by another writer")
    if "database file with version number" in message:
        return NewerLedgerError(
            f"{where} was written by another version of DuckDB than {duckdb.__version__}: upgrade it"
        )
    meaning = next((words for sign, words in _MEANINGS.items() if sign in message), message.split(": ", 1)[-1])
    return LedgerError(f"{where} cannot be used: {meaning}")
