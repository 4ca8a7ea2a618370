"""Every benchmark runs, on little; its figures are for people and are checked by ``--check``."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from tests.conftest import ROOT

SMALL = {
    "detectors.py": ("--texts", "40", "--cards", "3", "--check"),
    "gate_calibration.py": (
        *("--repetitions", "4", "--power-repetitions", "3", "--again", "6", "--rows", "50", "--processes", "1"),
        *(
            "--setting",
            "a",
            "c",
            "g tokens 5",
            "h clusters of one",
            "i 80% right, margin 2%",
            "k clusters of Zipf",
            "m",
        ),
    ),
    "data_kills.py": ("--kills", "2", "--between", "1", "--rows", "300", "--check"),
    "data_speed.py": ("--rows", "300", "--only", "speed", "--steps", "exact_duplicates,length"),
    "leaks.py": ("--planted", "5"),
    "gate_speed.py": ("--rows", "200", "--metrics", "2", "--bleu-rows", "60"),
    "ledger_processes.py": ("--seconds", "3", "--processes", "3"),
    "ledger_scale.py": ("--adapters", "3", "--rows", "50"),
    "memory_plans.py": ("--rows", "1"),
    "train_cpu.py": ("--only", "support", "--steps", "2", "--times", "1"),
    "train_gpu.py": ("--shape", "tiny", "--only", "budget,short"),
}
DATA = "banking77/train.csv"


def test_every_benchmark_is_run() -> None:
    programs = {path.name for path in (ROOT / "benchmarks").glob("*.py") if "__main__" in path.read_text()}
    assert programs == SMALL.keys()


@pytest.mark.parametrize("name", SMALL)
def test_a_benchmark_prints_its_figures(name: str, public_data: Callable[[str], Path]) -> None:
    if name.endswith("_gpu.py") and not torch.cuda.is_available():
        pytest.skip("it needs a CUDA device")
    data = public_data(DATA).parents[1]
    done = subprocess.run(
        [sys.executable, ROOT / "benchmarks" / name, *SMALL[name]],
        env=os.environ | {"QLORA_GOV_DATA": str(data), "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert len(done.stdout.splitlines()) > 3
