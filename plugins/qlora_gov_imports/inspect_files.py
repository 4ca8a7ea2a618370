"""Files that Inspect wrote: one log, or a directory of logs to choose from."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from qlora_gov import DataError
from qlora_gov_imports.rows import one_line

if TYPE_CHECKING:
    from inspect_ai.log import EvalLog

# A log's events repeat its messages many times over; reading them would take most of the time.
_UNREAD = {"events", "events_data", "messages", "store", "timelines"}


def find_log(path: Path, tasks: Sequence[str]) -> Path:
    """The log at a path, or the only one of a directory, or of its task ``tasks`` where it names one.

    Raises:
        DataError: There is no such log, or more than one; names each with its task and model.
    """
    if path.is_dir():
        return _of_directory(path, tasks)
    if not path.is_file():
        raise DataError(f"{path}: no such file; name one .eval or .json log of Inspect")
    if tasks and (task := read_log(path, header_only=True).eval.task) not in tasks:
        raise DataError(f"{path}: is the log of task {task}, not of {tasks[0]}")
    return path


def read_log(path: Path, *, header_only: bool = False) -> EvalLog:
    """A log, without its samples where the header is enough. Raises DataError where Inspect cannot read it."""
    from inspect_ai.log import read_eval_log

    try:
        if header_only:
            return read_eval_log(str(path), header_only=True)
        return read_eval_log(str(path), resolve_attachments=True, exclude_fields=_UNREAD)
    except Exception as error:  # whatever the reader of a zip archive, of JSON or of a record raises
        raise DataError(f"{path}: Inspect cannot read this log: {one_line(error)}") from error


def _of_directory(directory: Path, tasks: Sequence[str]) -> Path:
    logs = _logs(directory)
    if not logs:
        raise DataError(f"{directory}: no log of Inspect in it; name one .eval or .json log")
    fitting = [log for log, (task, _) in logs.items() if not tasks or task in tasks]
    if len(fitting) == 1:
        return fitting[0]
    of = f" of task {tasks[0]}" if tasks else ""
    names = ", ".join(f"{log.relative_to(directory)} ({task} by {model})" for log, (task, model) in logs.items())
    raise DataError(f"{directory}: holds {len(fitting)} logs{of}; name the file of one, or its task: {names}")


def _logs(directory: Path) -> dict[Path, tuple[str, str]]:
    """The logs beneath a directory with their tasks and models; other files of JSON lie beside those of an eval set."""
    found = {}
    for path in sorted((*directory.rglob("*.eval"), *directory.rglob("*.json"))):
        try:
            log = read_log(path, header_only=True)
        except DataError:
            if path.suffix == ".eval":
                raise
            continue
        found[path] = (log.eval.task, log.eval.model)
    return found
