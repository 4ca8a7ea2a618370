"""Calling plugins: foreign code, whose every failure is its own and is told in a line."""

from __future__ import annotations

import errno
import sysconfig
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from qlora_gov import errors
from qlora_gov.errors import GovError, PluginError
from qlora_gov.text import one_line

DISK = (errno.ENOSPC, errno.EDQUOT, errno.EROFS)
_CORE = Path(__file__).parent.parent
_LIBRARIES = (sysconfig.get_path("stdlib"), sysconfig.get_path("purelib"), sysconfig.get_path("platlib"), str(_CORE))
_PATIENCE = 60.0  # seconds in which to look for the item at fault


class ForeignError(Exception):
    """What a plugin's code raised, in a line: the kind, the text made fit to be shown, and where in its own source."""

    def __init__(self, error: BaseException) -> None:
        super().__init__(reason_of(error))
        self.kind = type(error)


@contextmanager
def plugin_code(who: str) -> Iterator[None]:
    """Run a plugin's code. What it raises becomes :class:`ForeignError`, ``sys.exit`` too: its code decides nothing.

    Three things pass: errors that the user can mend, the user's interrupt and whatever else stops the program, and a
    disk that is full.

    Raises:
        ForeignError: the code failed.
        GovError: it raised one, whose lines are made fit to be shown; of a kind that is not ours, a PluginError.
        PluginError: there was no memory left, which says nothing of what was worked on.
    """
    try:
        yield
    except GovError as error:
        raise _fit(who, error) from error
    except KeyboardInterrupt:
        raise
    except MemoryError as error:
        raise PluginError(
            f"{who} ran out of memory; nothing of it is kept, and the same command tries again"
        ) from error
    except BaseException as error:
        if isinstance(error, OSError) and error.errno in DISK:
            raise
        if type(error).__module__.startswith(f"{_CORE.name}."):
            raise
        raise ForeignError(error) from error


def reason_of(error: BaseException) -> str:
    """The kind and the text of an error in a line, and the place in the source of the plugin that raised it."""
    kind, text = one_line(type(error).__name__), _text(error)
    return f"{kind}: {text}{_place(error)}" if text else f"{kind}{_place(error)}"


def culprit(count: int, fails: Callable[[Sequence[int]], bool]) -> int | None:
    """The item of ``count`` with which alone a call fails, where one does and is found within a minute.

    Halves are tried, not items: about twice the work of one call over all of them.
    """
    deadline, left = time.monotonic() + _PATIENCE, range(count)
    while len(left) > 1 and time.monotonic() < deadline:
        halves = left[: len(left) // 2], left[len(left) // 2 :]
        found = next((half for half in halves if fails(half)), None)
        if found is None:
            return None
        left = found
    return left[0] if len(left) == 1 and (count > 1 or fails(left)) else None


def _fit(who: str, error: GovError) -> GovError:
    """An error of ours whose lines can be shown. Only our own kinds have an exit code that means something."""
    kind = type(error)
    lines = [one_line(line) for line in _lines(error)] or ["no reason is given"]
    if kind is GovError or kind.__module__ != errors.__name__:
        return PluginError(*(f"{who}: {line}" for line in lines))
    return kind(*lines)


def _lines(error: GovError) -> list[str]:
    try:
        return [str(line) for line in error.args]
    except Exception:  # noqa: BLE001 - what it was given may raise anything
        return [_text(error)]


def _text(error: BaseException) -> str:
    try:
        return one_line(str(error)).strip()
    except Exception:  # noqa: BLE001 - the error's own code may raise anything
        return "its text cannot be told"


def _place(error: BaseException) -> str:
    """Where it was raised: the last line that is neither ours nor a library's."""
    trace, place = error.__traceback__, ""
    while trace is not None:
        file = trace.tb_frame.f_code.co_filename
        if not file.startswith(("<", *(f"{library}/" for library in _LIBRARIES))):
            place = f" ({one_line(Path(file).name)}, line {trace.tb_lineno})"
        trace = trace.tb_next
    return place
