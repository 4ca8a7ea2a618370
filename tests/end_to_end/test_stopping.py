"""A run that is told to stop says where it did, keeps what it has, and goes on from there."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from qlora_gov.cli.main import run
from qlora_gov.ledger import Ledger
from tests.support.project import make_project


def started(project: Path) -> subprocess.Popen[str]:
    """``train`` in a process of its own."""
    return subprocess.Popen(
        [sys.executable, "-m", "qlora_gov", "train", str(project)],
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.mark.xdist_group("kill")
@pytest.mark.parametrize(
    ("number", "code", "said"),
    [(signal.SIGTERM, 143, "qlora-gov: stopped by SIGTERM while training ("),
     (signal.SIGINT, 130, "qlora-gov: interrupted while training (")],
)  # fmt: skip
def test_a_run_that_is_stopped_says_where_and_goes_on(
    number: signal.Signals, code: int, said: str, tmp_path: Path, tiny_base: Path
) -> None:
    training = {"use": "nf4-qlora", "preset": "demo", "rank": 2, "accumulation": 1, "checkpoint_steps": 1}
    project = make_project(tmp_path, tiny_base, training={**training, "epochs": 5})
    process, deadline = started(project), time.monotonic() + 200
    while not any(tmp_path.glob(".qlora_gov/work/*/checkpoints/checkpoint-2/whole")):
        assert process.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.005)
    process.send_signal(number)
    _, err = process.communicate(timeout=200)
    assert process.returncode == code, err
    (line,) = [line for line in err.splitlines() if line.startswith("qlora-gov:")]
    assert line.startswith(said)
    assert line.endswith("the newest checkpoint and the answers so far are kept: the same command goes on from there")
    assert "Traceback" not in err
    ledger = Ledger(tmp_path / ".qlora_gov" / "ledger.duckdb")
    before = [entry.hash for entry in ledger.entries()]
    assert run(["verify", str(project)]) == 0
    assert any(tmp_path.glob(".qlora_gov/work/*/checkpoints/checkpoint-*/whole")), "checkpoints are kept"
    again = started(project)
    _, err = again.communicate(timeout=200)
    assert again.returncode == 0, err
    after = ledger.entries()
    assert [entry.hash for entry in after][: len(before)] == before
    assert after[-1].kind == "adapter"
