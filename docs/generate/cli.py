"""The page on the command line: the help of every command as it is printed, and the exit codes."""

from __future__ import annotations

from collections.abc import Iterator

import click

from docs.generate.markdown import code, document, fence, prose, table
from qlora_gov import errors
from qlora_gov.cli import main
from qlora_gov.errors import GovError

WIDTH = 100

INTRODUCTION = """
`PROJECT` is a project file or the directory that holds one named `qlora_gov.yaml`; it is the working directory
unless it is given. `qlora-gov COMMAND --help` prints what stands here.
"""

EXIT_CODES = """
What a pipeline may rely on. No crash exits with 0, 1 or 3.
"""

DECISIONS = {
    errors.APPROVED: "approved, or done",
    errors.REFUSED: "refused; of `rollback --if-regressed`: regressed",
    errors.INCONCLUSIVE: "inconclusive: the evidence cannot tell",
    errors.INTERRUPTED: "interrupted; the same command goes on where this one stopped",
    errors.TERMINATED: "stopped by SIGTERM; likewise",
    errors.BUG: "a bug, with a traceback",
}


def page() -> str:
    """The whole page."""
    commands = (part for path, text in _helps(main.cli, None) for part in (f"## {code(path)}", fence(text)))
    return document("The command line", INTRODUCTION, *commands, "## Exit codes", EXIT_CODES, _exit_codes())


def _helps(command: click.Command, parent: click.Context | None) -> Iterator[tuple[str, str]]:
    """The help of a command and of those below it, by its path, as wide as the page and not as the terminal."""
    name = "qlora-gov" if parent is None else command.name
    extra = {**command.context_settings, "terminal_width": WIDTH, "max_content_width": WIDTH}
    context = click.Context(command, parent, name, **extra)
    yield context.command_path, command.get_help(context)
    if isinstance(command, click.Group):
        for child in command.list_commands(context):
            found = command.get_command(context, child)
            assert found is not None, "a command that is listed is there"
            yield from _helps(found, context)


def _exit_codes() -> str:
    found = {**DECISIONS, **dict(_of_errors(GovError))}
    return table(("code", "what it says"), ((str(number), found[number]) for number in sorted(found)))


def _of_errors(kind: type[GovError]) -> Iterator[tuple[int, str]]:
    """Each error's code; one that has its parent's is told by that. Those that plugins define are none of ours."""
    for child in kind.__subclasses__():
        if child.__module__ == GovError.__module__ and child.exit_code != kind.exit_code:
            yield child.exit_code, f"{code(child.__name__)}: {prose(child.__doc__)}"
        yield from _of_errors(child)
