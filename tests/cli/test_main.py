from __future__ import annotations

import ast
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from qlora_gov import __version__
from qlora_gov.cli.main import COMMANDS, LazyGroup, cli, run, start
from qlora_gov.errors import APPROVED, BUG, INCONCLUSIVE, INTERRUPTED, REFUSED
from tests.cli import endings
from tests.cli.endings import ERRORS

ROOT = Path(__file__).parent.parent.parent
HEAVY = ("numpy", "scipy", "pydantic", "pluggy", "duckdb", "jinja2", "rich", "torch", "transformers")


@pytest.fixture(autouse=True)
def _commands(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("ends", "returns", "writes"):
        monkeypatch.setitem(cli.commands, name, getattr(endings, name))


@pytest.mark.parametrize("name", sorted(set(ERRORS) - {"GovError"}))
def test_every_error_of_a_user_is_one_line_with_the_code_of_its_kind(
    name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["ends", name]) == ERRORS[name].exit_code
    captured = capsys.readouterr()
    assert (captured.out, captured.err) == ("", "qlora-gov: what, where\n")


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["ends", "two lines"], 6, "file.jsonl:3: not valid JSON"),
        (["ends", "full disk"], 13, "No space left on device: weights.safetensors; nothing finished is lost"),
        (["ends", "read only"], 13, "Read-only file system: weights.safetensors; nothing finished is lost"),
        (["ends", "no access"], 13, "Permission denied: weights.safetensors; nothing finished is lost"),
        (["ends", "usage"], 2, "say which"),
        (["ends", "parameter"], 2, "Invalid value for --limit: not a number"),
        (["ends"], 2, "Missing argument 'END'."),
        (["ends", "usage", "--quick"], 2, "No such option '--quick'."),
        (["--quick"], 2, "No such option '--quick'."),
        (["evalute"], 2, "no command is named 'evalute'; did you mean 'evaluate'?"),
        (["trian"], 2, "no command is named 'trian'; did you mean 'train'?"),
        (["validate"], 2, "no command is named 'validate'; known: card, changelog, "),
        (["xyzzy"], 2, "no command is named 'xyzzy'; known: "),
    ],
)
def test_what_else_goes_wrong_is_one_line_too(
    arguments: list[str], code: int, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(arguments) == code
    err = capsys.readouterr().err
    assert err.startswith(f"qlora-gov: {said}")
    assert err.count("\n") == 1


def test_each_thing_that_is_wrong_is_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["ends", "three things"]) == 5
    assert capsys.readouterr().err == "qlora-gov: a: one\nqlora-gov: b: two\nqlora-gov: c: three\n"


@pytest.mark.parametrize(
    ("end", "said"),
    [
        ("bug", "RuntimeError: no such thing"),
        ("assertion", "AssertionError"),
        ("panic", "Panic: index out of bounds"),
        ("not found", "FileNotFoundError: [Errno 2]"),
        ("end of file", "EOFError: Ran out of input"),
        ("exits 0", "RuntimeError: something called sys.exit(0)"),
        ("exits 1", "RuntimeError: something called sys.exit(1)"),
        ("GovError", "qlora-gov: what, where"),
    ],
)
def test_a_bug_can_be_taken_for_no_decision(end: str, said: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["ends", end]) == BUG
    err = capsys.readouterr().err
    assert said in err
    if end != "GovError":
        assert "Traceback (most recent call last):" in err
        assert err.endswith("qlora-gov: this is a bug; please report it with the lines above\n")


@pytest.mark.parametrize("end", ["interrupt", "abort"])
def test_an_interrupt_says_how_to_go_on(end: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["ends", end]) == INTERRUPTED
    said = "qlora-gov: interrupted; the same command goes on where this one stopped"
    assert capsys.readouterr().err.strip() == said


@pytest.mark.parametrize("code", [APPROVED, REFUSED, INCONCLUSIVE])
def test_a_command_s_code_is_the_program_s(code: int) -> None:
    assert run(["returns", str(code)]) == code
    with pytest.raises(SystemExit) as stop:
        start(["returns", str(code)])
    assert stop.value.code == code
    assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL, "a process that called it is left as it was"


@pytest.mark.parametrize("arguments", [[], ["ledger"]])
def test_a_group_without_a_command_prints_its_help_as_wrong_usage(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(arguments) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith("Usage: qlora-gov")
    assert captured.err.count("\n") > 5


def test_every_command_is_listed_and_is_there(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["--help"]) == 0
    listed = capsys.readouterr().out
    assert isinstance(cli, LazyGroup)
    for name in COMMANDS:
        assert f"  {name}" in listed
        command = cli.get_command(None, name)  # type: ignore[arg-type]
        assert command is not None
        assert command.name == name
        assert command.help


@pytest.mark.parametrize("arguments", [["--help"], ["-h"], ["--version"]])
def test_help_and_version_load_nothing_heavy(arguments: list[str]) -> None:
    code = f"""
import sys
from qlora_gov.cli.main import run
code = run({arguments!r})
print([code, [name for name in {HEAVY!r} if name in sys.modules]])
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    *shown, last = done.stdout.splitlines()
    assert ast.literal_eval(last) == [0, []]
    assert shown[0] == ("qlora-gov, version " + __version__ if arguments == ["--version"] else shown[0])
    assert done.stderr == ""


@pytest.mark.parametrize("verb", ["init", "ledger", "plugins", "sign", "trace", "waive"])
def test_a_verb_that_renders_no_report_loads_no_templates(verb: str) -> None:
    code = f"import sys, qlora_gov.cli.commands.{verb}; sys.exit('jinja2' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.parametrize("arguments", ["writes", "writes --rich", "--help", "--version"])
def test_output_that_nobody_reads_is_not_a_refusal(arguments: str) -> None:
    code = (
        "from qlora_gov.cli.main import cli, start\n"
        "from tests.cli.endings import writes\n"
        "cli.add_command(writes)\n"
        f"start({arguments.split()!r})"
    )
    reader, writer = os.pipe()
    os.close(reader)
    try:
        done = subprocess.run(
            [sys.executable, "-c", code], stdout=writer, stderr=subprocess.PIPE, text=True, cwd=ROOT, check=False
        )
    finally:
        os.close(writer)
    assert done.returncode in (13, 120)  # 120: Python itself could not write what was left
    assert "Traceback" not in done.stderr


def test_completion_of_a_shell_works() -> None:
    done = subprocess.run(
        [sys.executable, "-c", "from qlora_gov.cli.main import start; start()"],
        env={**os.environ, "_QLORA_GOV_COMPLETE": "bash_source"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0
    assert "complete" in done.stdout
    assert done.stderr == ""
