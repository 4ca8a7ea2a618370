"""Commands that end in every way in which one can."""

from __future__ import annotations

import errno
import os
import sys

import click

from qlora_gov import errors


class Panic(BaseException):
    """What libraries written in Rust raise where they panic: no Exception."""


def _os_error(number: int) -> OSError:
    return OSError(number, os.strerror(number), "weights.safetensors")


ERRORS = {
    name: error
    for name, error in vars(errors).items()
    if isinstance(error, type) and issubclass(error, errors.GovError)
}
ENDS: dict[str, BaseException] = {
    "bug": RuntimeError("no such thing"),
    "assertion": AssertionError(),
    "panic": Panic("index out of bounds"),
    "exits 0": SystemExit(0),
    "exits 1": SystemExit(1),
    "end of file": EOFError("Ran out of input"),
    "interrupt": KeyboardInterrupt(),
    "abort": click.Abort(),
    "usage": click.UsageError("say which"),
    "parameter": click.BadParameter("not a number", param_hint="--limit"),
    "full disk": _os_error(errno.ENOSPC),
    "read only": _os_error(errno.EROFS),
    "no access": _os_error(errno.EACCES),
    "not found": _os_error(errno.ENOENT),
    "two lines": errors.DataError("file.jsonl:3:\n   not valid JSON"),
    "three things": errors.PluginError("a: one", "b:\n two", "c: three"),
    **{name: error("what, where") for name, error in ERRORS.items()},
}


@click.command()
@click.argument("end")
def ends(end: str) -> None:
    """End in some way."""
    raise ENDS[end]


@click.command()
@click.argument("code", type=int)
def returns(code: int) -> int | None:
    """Return an exit code, or nothing for 0."""
    return code or None


@click.command()
@click.option("--rich", is_flag=True)
def writes(rich: bool) -> None:
    """Write more than a pipe holds."""
    from rich.console import Console

    write = Console().print if rich else click.echo
    for _ in range(100_000):
        write("a line of output that nobody reads")
    sys.stdout.flush()
