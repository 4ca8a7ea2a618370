"""Logs of both tools, written once in a test run; broken copies are made of them."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.plugins.qlora_gov_imports import logs


@dataclass(frozen=True)
class LmEvalLogs:
    """One run of a base and one of an adapter on it, in folders of their own within ``output``."""

    output: Path
    base: Path
    adapter: Path


@pytest.fixture(scope="session")
def lm_eval_logs(tiny_base: Path, tmp_path_factory: pytest.TempPathFactory) -> LmEvalLogs:
    logs.needs("lm_eval")
    root = tmp_path_factory.mktemp("lm_eval")
    tasks, output = logs.write_tasks(root / "tasks"), root / "runs"
    adapter = logs.make_adapter(tiny_base, root / "adapter")
    return LmEvalLogs(
        output,
        logs.make_lm_eval_log(output, tasks, tiny_base),
        logs.make_lm_eval_log(output, tasks, tiny_base, adapter=adapter),
    )


@pytest.fixture
def lm_eval_copy(lm_eval_logs: LmEvalLogs, tmp_path: Path) -> Path:
    """A copy of the base's run, to break."""
    return Path(shutil.copytree(lm_eval_logs.base, tmp_path / "run"))


@dataclass(frozen=True)
class InspectRuns:
    """Two runs that ended well, in both formats and with other answers, and two that did not."""

    first: Path
    second: Path
    tolerated: Path
    fatal: Path


@pytest.fixture(scope="session")
def inspect_runs(tmp_path_factory: pytest.TempPathFactory) -> InspectRuns:
    made = logs.make_inspect_logs(
        tmp_path_factory.mktemp("inspect"),
        {"answers": logs.ANSWERS},
        {"answers": logs.ANSWERS[7:], "log_format": "json"},
        {"answers": logs.ANSWERS, "failing": "tolerated"},
        {"answers": logs.ANSWERS, "failing": "fatal"},
    )
    return InspectRuns(*made)
