"""What ``import --adapter`` is given: each kind of what is no adapter is one line, and nothing is recorded."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from qlora_gov.cli.main import run
from tests.support.adapters import write_adapter
from tests.support.imported import GOOD, Imported, make_imported

CONFIG, WEIGHTS = "adapter_config.json", "adapter_model.safetensors"


def merged(path: Path) -> None:
    (path / CONFIG).rename(path / "config.json")
    (path / WEIGHTS).rename(path / "model.safetensors")


def parent(path: Path) -> None:
    write_adapter(path / "checkpoint-10", "a")
    (path / "checkpoint-10" / "optimizer.pt").write_bytes(b"")
    (path / CONFIG).unlink()
    (path / WEIGHTS).unlink()


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (merged, "no adapter_config.json in DIR; it looks like a whole model, and merged weights are no adapter"),
        (parent, "no adapter_config.json in DIR; did you mean DIR/checkpoint-10?"),
        (lambda path: (path / CONFIG).unlink(), "no adapter_config.json in DIR; give the directory that peft saved"),
        (lambda path: (path / CONFIG).write_text("{not json"), "DIR/adapter_config.json: not valid JSON"),
        (lambda path: write_adapter(path, "a", lora_alpha=float("nan")), "adapter_config.json: not valid JSON: NaN"),
        (lambda path: write_adapter(path, "a", lora_alpha=0), "adapter_config.json: every pair is scaled by 0"),
        (lambda path: (path / WEIGHTS).write_bytes((path / WEIGHTS).read_bytes()[:-3]), "not a whole safetensors file"),
        (lambda path: (path / WEIGHTS).rename(path / "adapter_model.bin"), "in DIR; a pickle runs code when it is"),
        (lambda path: (path / "training_args.bin").write_bytes(b""), "training_args.bin in DIR: an adapter holds"),
        (lambda path: [file.unlink() for file in path.iterdir()], "no adapter_config.json in DIR"),
    ],
)
def test_what_is_no_adapter_is_one_line(
    tmp_path: Path, spoil: Callable[[Path], object], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    project = make_imported(tmp_path / "project")
    assert project.log(GOOD) == 0
    before = project.ledger.head()
    directory = write_adapter(tmp_path / "weights", "a")
    spoil(directory)
    log = json.loads((project.root / "base-q.json").read_text()) | {"model": "tuned"}
    (project.root / "tuned.json").write_text(json.dumps(log))
    capsys.readouterr()
    arguments = [str(project.root / "tuned.json"), str(project.root), "--adapter", str(directory)]
    assert run(["import", "toy", *arguments]) == 7
    captured = capsys.readouterr()
    assert said.replace("DIR", str(directory)) in captured.err
    assert captured.err.count("\n") == 1
    assert project.ledger.head() == before, "nothing was recorded"


def test_a_known_adapter_is_taken_from_anywhere(tmp_path: Path) -> None:
    project: Imported = make_imported(tmp_path / "project")
    assert project.log(GOOD, "a") == project.log(GOOD, "a", rows="r") == 0
    assert len(project.adapters()) == 1
