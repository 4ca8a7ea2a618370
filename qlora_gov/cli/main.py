"""The entry point: commands by name, and of every error a line for each thing that is wrong, with its exit code.

A command's module is imported when the command is called, so that ``--help`` needs neither numpy nor duckdb.
"""

from __future__ import annotations

import errno
import importlib
import keyword
import os
import signal
import sys
import traceback
from types import FrameType
from typing import Any

import click

from qlora_gov import __version__
from qlora_gov.errors import BUG, INTERRUPTED, TERMINATED, GovError, StorageError, UsageError, did_you_mean
from qlora_gov.text import LIMIT

COMMANDS = {
    "init": "Write a project file to start from.",
    "data": "Build dataset versions, make synthetic rows, show, compare, export and push them.",
    "run": "Curate, train, evaluate, gate and write the card.",
    "train": "Curate the data and train the adapter.",
    "evaluate": "Train if needed, and evaluate adapter and champion.",
    "sweep": "Try values of a field of the recipe, and compare them.",
    "gate": "Decide on stored evaluations; no model is loaded.",
    "card": "Write the model card of a decision.",
    "sign": "Sign what a card says of its adapter's files.",
    "changelog": "Print what each release changed, and each dataset version.",
    "promote": "Make an approved adapter the champion.",
    "publish": "Put an approved adapter into a registry, on the hub or into a store.",
    "rollback": "Make the fallback champion again.",
    "waive": "Put on record that a rule need not have passed.",
    "plan": "Say how many evaluation rows the policy needs.",
    "policy": "Record the policy before an evaluation that is run elsewhere.",
    "import": "Take over an evaluation from lm-eval or Inspect.",
    "plugins": "List every component, and what is not installed.",
    "trace": "Open a number of a card, down to its rows.",
    "replay": "Let the model answer some rows again, and compare.",
    "verify": "Re-derive everything that the ledger states.",
    "ledger": "Show entries, rows and lineage.",
}
"""Each verb's line in ``--help``, in the order of the work. It lives in the module of its name, as ``command``."""


class LazyGroup(click.Group):
    """A group that imports a command when it is called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Every command, in the order of the work."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        """Import one command, unless one of this name was added."""
        if name in self.commands:
            return self.commands[name]
        if name not in COMMANDS:
            raise UsageError(f"no command is named {name!r}; {did_you_mean(name, COMMANDS)}")
        file = f"{name}_" if keyword.iskeyword(name) else name
        command = importlib.import_module(f"qlora_gov.cli.commands.{file}").command
        assert isinstance(command, click.Command)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands without importing them."""
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command. No command of ours exits: one that does is a plugin's doing, and its code no decision."""
        try:
            return super().invoke(ctx)
        except SystemExit as stop:
            if isinstance(stop.__context__, BrokenPipeError):  # rich, where the reader of our output is gone
                raise
            raise RuntimeError(f"something called sys.exit({stop.code!r})") from stop


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="qlora-gov")
def cli() -> None:
    """An adapter ships only with evidence: train, evaluate, gate and document QLoRA adapters.

    Exit codes: 0 approved or done, 1 refused, 3 inconclusive, 2 wrong usage, 4 and more by kind of error.
    """


def start(arguments: list[str] | None = None) -> None:
    """Run the command line and exit. SIGTERM stops it as an interrupt does; a second one ends it at once."""
    # Threads that wait for each other sleep: beside other work, those that spin make a training step take 17 times as
    # long. It is read when torch is loaded.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    before = signal.signal(signal.SIGTERM, _stop)
    try:
        code = run(arguments)
    finally:
        signal.signal(signal.SIGTERM, before)
    sys.exit(code)


class Terminated(KeyboardInterrupt):
    """SIGTERM was received."""


def _stop(number: int, frame: FrameType | None) -> None:
    signal.signal(number, signal.SIG_DFL)
    raise Terminated


def run(arguments: list[str] | None = None) -> int:
    """Run one command and return its exit code. A bug prints its traceback and never returns 0, 1, 2 or 3."""
    try:
        return int(cli.main(arguments, prog_name="qlora-gov", standalone_mode=False) or 0)
    except GovError as error:
        return _say(error.exit_code, *error.lines)
    except click.exceptions.NoArgsIsHelpError as error:
        error.show()
        return UsageError.exit_code
    except click.ClickException as error:
        return _say(UsageError.exit_code, error.format_message())
    except (KeyboardInterrupt, click.Abort) as error:
        cause = error.__cause__ or error
        if isinstance(cause, EOFError):  # click takes it for the end of the user's input
            return _bug()
        return _stopped(cause)
    except SystemExit as stop:  # a shell's completion, or the reader of our output is gone: click says 1, "refused"
        return StorageError.exit_code if stop.code else 0
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES):
            return _bug()
        where = f": {error.filename}" if error.filename else ""
        return _say(StorageError.exit_code, f"{error.strerror}{where}; nothing finished is lost")
    except BaseException:  # noqa: BLE001 - a crash must not exit with 1, which means refused, nor may a Rust panic
        return _bug()


def _stopped(cause: BaseException) -> int:
    """Where a command stopped, which whoever showed its progress has noted, and how to go on."""
    killed = isinstance(cause, Terminated)
    where = "".join(f" {note}" for note in getattr(cause, "__notes__", ()))
    kept = "what is finished is on record, the newest checkpoint and the answers so far are kept: " if where else ""
    word = "stopped by SIGTERM" if killed else "interrupted"
    return _say(
        TERMINATED if killed else INTERRUPTED,
        f"{word}{where}; {kept}the same command goes on {'from there' if where else 'where this one stopped'}",
    )


def _say(code: int, *messages: str) -> int:
    for message in messages:
        line = " ".join(message.split())
        if (more := len(line) - LIMIT) > 0:
            line = f"{line[:LIMIT]} ... ({more:,} more characters)"
        click.echo(f"qlora-gov: {''.join(c if c.isprintable() else '?' for c in line)}", err=True)
    return code


def _bug() -> int:
    traceback.print_exc()
    return _say(BUG, "this is a bug; please report it with the lines above")
