import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.conftest import ROOT

ACTION = yaml.safe_load((ROOT / "action.yml").read_text(encoding="utf-8"))
STEPS = {step["name"]: step for step in ACTION["runs"]["steps"]}

# Takes the place of the command: notes its arguments one a line, writes each output it is told to, exits as told.
FAKE = """#!/usr/bin/env bash
printf '%s\\n' "$@" > "$FAKE_ARGUMENTS"
while [ $# -gt 0 ]; do
  case "$1" in
    --json|--junit|--sarif|--summary)
      if [ -n "$FAKE_WRITES" ]; then printf 'of %s, "outcome": "APPROVED"\\n' "$1" > "$2"; fi ;;
  esac
  shift
done
exit "$FAKE_CODE"
"""


def test_it_is_valid_by_the_schema_of_actions() -> None:
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.github-actions", "action.yml"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def test_no_expression_stands_in_a_script() -> None:
    scripts = [step["run"] for step in STEPS.values() if "run" in step]
    assert len(scripts) == 3
    assert [script for script in scripts if "${{" in script] == []


def test_every_input_is_used_and_every_output_set() -> None:
    text = (ROOT / "action.yml").read_text(encoding="utf-8")
    assert [name for name in ACTION["inputs"] if f"inputs.{name} " not in text] == []
    outputs = {"outcome", "exit-code", "json", "junit", "sarif", "summary"}
    assert {name: spec["value"] for name, spec in ACTION["outputs"].items()} == {
        name: f"${{{{ steps.gate.outputs.{name} }}}}" for name in outputs
    }


def test_alerts_are_raised_on_request_and_for_a_refusal_too() -> None:
    wanted = STEPS["Keep what did not pass"]["if"]
    assert "always()" in wanted
    assert "inputs.upload-sarif == 'true'" in wanted
    assert ACTION["inputs"]["upload-sarif"]["default"] == "false"
    assert STEPS["Upload to code scanning"]["if"] == "always() && steps.problems.outputs.sarif != ''"


class Runner:
    """Runs the steps of the action as GitHub's runner does, with a directory of its own and a fake command."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        (directory / "bin").mkdir()
        fake = directory / "bin" / "qlora-gov"
        fake.write_text(FAKE, encoding="utf-8")
        fake.chmod(0o755)

    def gate(self, *, code: int, writes: bool = True, **inputs: str) -> int:
        """The exit code of the step that gates."""
        given = {name: spec["default"] for name, spec in ACTION["inputs"].items()} | inputs
        step = STEPS["Gate"]
        values = {name: given[value.split("inputs.")[1].split()[0]] for name, value in step["env"].items()}
        fake = {"FAKE_CODE": str(code), "FAKE_WRITES": "1" if writes else "", "FAKE_ARGUMENTS": str(self.path("args"))}
        # https://docs.github.com/actions/reference/workflow-syntax: how `shell: bash` is called
        return self.run(["bash", "--noprofile", "--norc", "-eo", "pipefail"], step, values | fake)

    def run(self, command: list[str], step: dict[str, Any], values: dict[str, str]) -> int:
        script = self.path("script")
        script.write_text(step["run"], encoding="utf-8")
        environment = {
            "PATH": f"{self.path('bin')}{os.pathsep}{os.environ['PATH']}",
            "RUNNER_TEMP": str(self.directory),
            "GITHUB_OUTPUT": str(self.path("output")),
            "GITHUB_STEP_SUMMARY": str(self.path("summary")),
            **values,
        }
        done = subprocess.run([*command, str(script)], env=environment, cwd=self.directory, check=False)
        return done.returncode

    def path(self, name: str) -> Path:
        return self.directory / name

    @property
    def arguments(self) -> list[str]:
        return self.path("args").read_text(encoding="utf-8").splitlines()

    @property
    def outputs(self) -> dict[str, str]:
        lines = self.path("output").read_text(encoding="utf-8").splitlines()
        return dict(line.split("=", 1) for line in lines)


def written(name: str) -> str:
    """What the fake command writes to an output."""
    return f'of --{name}, "outcome": "APPROVED"\n'


@pytest.fixture
def runner(tmp_path: Path) -> Runner:
    return Runner(tmp_path)


@pytest.mark.parametrize(
    ("code", "outcome"), [(0, "APPROVED"), (1, "REFUSED"), (3, "INCONCLUSIVE"), (4, "ERROR"), (70, "ERROR")]
)
def test_the_step_ends_as_the_gate_does_and_the_summary_is_written(runner: Runner, code: int, outcome: str) -> None:
    assert runner.gate(code=code) == code
    assert runner.path("summary").read_text(encoding="utf-8") == written("summary")
    outputs = runner.outputs
    assert (outputs.pop("outcome"), outputs.pop("exit-code")) == (outcome, str(code))
    assert set(outputs) == {"json", "junit", "sarif", "summary"}
    assert {name: Path(path).read_text(encoding="utf-8") for name, path in outputs.items()} == {
        name: written(name) for name in outputs
    }


def test_an_approval_that_is_not_written_down_is_none(runner: Runner) -> None:
    assert runner.gate(code=0, writes=False) == 70
    assert runner.outputs == {"outcome": "ERROR", "exit-code": "70"}


def test_a_gate_that_writes_nothing_is_said_to(runner: Runner) -> None:
    assert runner.gate(code=9, writes=False) == 9
    assert runner.outputs == {"outcome": "ERROR", "exit-code": "9"}
    assert "no summary (exit code 9)" in runner.path("summary").read_text(encoding="utf-8")


def test_its_arguments(runner: Runner) -> None:
    runner.gate(code=0)
    arguments = runner.arguments
    assert arguments[0] == "gate"
    assert arguments[1::2][:4] == ["--json", "--junit", "--sarif", "--summary"]
    assert arguments[9:] == ["--", "qlora_gov.yaml"]


@pytest.mark.parametrize("text", ["$(touch broken)", "`touch broken`", '"; touch broken; "', "' * $HOME \\", "--help"])
def test_an_input_is_a_value_and_never_code(runner: Runner, text: str) -> None:
    runner.gate(code=0, project=text, adapter=text, **{"extra-args": f"--plugins-dir\n{text}\n\n"})
    assert runner.arguments[9:] == [f"--adapter={text}", "--plugins-dir", text, "--", text]
    assert not runner.path("broken").exists()


def test_only_what_did_not_pass_becomes_an_alert(runner: Runner) -> None:
    sarif = runner.path("gate.sarif")
    kinds = ("pass", "fail", "review")
    sarif.write_text(json.dumps({"runs": [{"results": [{"kind": kind} for kind in kinds]}]}), encoding="utf-8")
    assert runner.run([sys.executable], STEPS["Keep what did not pass"], {"SARIF": str(sarif)}) == 0
    kept = json.loads(Path(runner.outputs["sarif"]).read_text(encoding="utf-8"))
    assert kept == {"runs": [{"results": [{"kind": "fail"}, {"kind": "review"}]}]}
