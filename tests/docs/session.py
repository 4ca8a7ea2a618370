"""Running the blocks of a document, one after the other, as somebody would who follows it.

All blocks of a document share a directory, a shell's variables and one Python namespace.

- A block with ``title=FILE`` is that file.
- ``console``: each line after ``$`` is a command, and what follows is compared with what it prints. It must exit with
  0, unless ``$ echo $?`` is the next one.
- ``sh`` is a script, ``python`` is executed, ``yaml`` is a project file or a part of one, or steps of a workflow that
  use our action, ``json`` with ``messages`` is a row of data.

What a command prints may differ from the document in ids, in figures and in how lines are broken: they differ between
machines and models. A line ``...`` stands for any lines. Words must agree. Progress, on standard error, is left out.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml
from jsonschema import Draft202012Validator

from qlora_gov.cli.commands.init import TEMPLATE
from qlora_gov.project.file import load_project, project_schema
from qlora_gov_data.jsonl import Jsonl, JsonlSettings
from tests.conftest import ROOT
from tests.docs.markdown import Block

SCHEMA = Draft202012Validator(json.loads(project_schema()))
ACTION = yaml.safe_load((ROOT / "action.yml").read_text(encoding="utf-8"))
ID = re.compile(r"\b(?=[0-9a-f]*\d)[0-9a-f]{12,64}\b")
FIGURE = re.compile(r"(?<![\w.])-?\d[\d,]*(?:\.\d+)?(?:e[+-]?\d+)?%?")
RULE = re.compile(r"[─━]+")


@dataclass
class Session:
    """A document being followed."""

    directory: Path
    variables: Mapping[str, str]
    namespace: dict[str, Any] = field(default_factory=lambda: {"__name__": "__document__"})

    def run(self, block: Block) -> None:
        """Run a block. Raises AssertionError where it does not do what the document says."""
        if block.title is not None:
            file = self._place() / block.title
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(block.text, encoding="utf-8")
        else:
            getattr(self, f"_{block.language}")(block)

    def _console(self, block: Block) -> None:
        commands = list(commands_of(block.text))
        for at, (command, said) in enumerate(commands):
            done = self._shell(command)
            asked = at + 1 < len(commands) and commands[at + 1][0] == "echo $?"
            errors = [line for line in done.stderr.splitlines() if line.startswith("qlora-gov:")]
            printed = "\n".join([done.stdout, *errors])
            assert done.returncode == 0 or asked, f"{block}: $ {command}\n{done.stdout}\n{done.stderr}"
            same = said == done.stdout if command == "echo $?" else not said.strip() or agree(said, printed)
            assert same, f"{block}: $ {command}\n{done.stdout}\n{done.stderr}"

    def _sh(self, block: Block) -> None:
        done = self._shell(f"set -eu\n{block.text}")
        assert done.returncode == 0, f"{block}\n{done.stdout}\n{done.stderr}"

    def _python(self, block: Block) -> None:
        exec(compile(block.text, str(block), "exec", dont_inherit=True), self.namespace)

    def _yaml(self, block: Block) -> None:
        document = yaml.safe_load(block.text)
        if isinstance(document, list):
            for step in document:
                assert step["uses"].split("@")[0].endswith("/qlora_gov"), f"{block}: {step}"
                assert set(step.get("with", ())) <= set(ACTION["inputs"]), f"{block}: {step}"
            return
        part = document if "extends" in document else {"extends": "below.yaml", **document}
        assert not [error.message for error in SCHEMA.iter_errors(part)], block
        (self.directory / "below.yaml").write_text(TEMPLATE, encoding="utf-8")
        file = self.directory / "part.yaml"
        file.write_text(yaml.safe_dump({**part, "extends": "below.yaml"}), encoding="utf-8")
        load_project(file)

    def _json(self, block: Block) -> None:
        rows = [json.loads(line) for line in block.text.splitlines()]
        if any("messages" in row for row in rows):
            file = self.directory / "rows.jsonl"
            file.write_text(block.text, encoding="utf-8")
            assert len(list(Jsonl(JsonlSettings(path=file)).read())) == len(rows)

    def _place(self) -> Path:
        state = self.directory / ".session" / "place"
        return Path(state.read_text().strip()) if state.is_file() else self.directory

    def _shell(self, command: str) -> subprocess.CompletedProcess[str]:
        """Run a command where the one before it ended, with its variables and its exit code."""
        state = self.directory / ".session"
        state.mkdir(exist_ok=True)
        script = (
            f'trap \'code=$?; pwd >"{state}/place"; export -p >"{state}/variables"; exit $code\' EXIT\n'
            f'test ! -f "{state}/variables" || . "{state}/variables"\n'
            f'code=$(cat "{state}/code" 2>/dev/null || echo 0)\n(exit "$code")\n{command}\n'
        )
        environment = {**os.environ, "COLUMNS": "100", "OMP_NUM_THREADS": "1", **self.variables}
        done = subprocess.run(
            ["bash", "-c", script], cwd=self._place(), env=environment, capture_output=True, text=True, timeout=300
        )
        (state / "code").write_text(str(done.returncode))
        return done


def commands_of(text: str) -> Iterator[tuple[str, str]]:
    """Each command of a session, with what it printed."""
    for part in re.split(r"^\$ ", text, flags=re.MULTILINE)[1:]:
        command, _, said = part.partition("\n")
        yield command.strip(), said


def agree(said: str, printed: str) -> bool:
    """Whether a document and a command say the same, but for what may differ."""
    parts = re.split(r"^\.\.\.$", said, flags=re.MULTILINE)
    pattern = ".*".join(re.escape(words(part)) for part in parts)
    return re.fullmatch(pattern, words(printed), re.DOTALL) is not None


def words(text: str) -> str:
    """A text without its ids, figures and line breaks."""
    text = FIGURE.sub("#", ID.sub("ID", RULE.sub(" ", text)))
    return " ".join(text.split())
