"""A metric's mistake is found before the training, and what could not be measured is said at once."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from qlora_gov.cli.main import run
from qlora_gov.ledger import Ledger
from tests.support.project import make_project

PLUGIN = """
from qlora_gov import MeanMetric, MetricSpec, hookimpl


class Brief(MeanMetric):
    def score_row(self, row):
        return {score}


@hookimpl
def qlora_gov_metrics():
    return [MetricSpec(name="brief", summary="s", factory=Brief, components=MeanMetric.components,
                       higher_is_better=True, margin="absolute")]
"""


def written(root: Path, base: Path, score: str, **changes: Any) -> str:
    (root / "plugins").mkdir()
    (root / "plugins" / "own.py").write_text(PLUGIN.format(score=score))
    project = make_project(
        root,
        base,
        plugins=["plugins"],
        evaluation={"generation": {"max_new_tokens": 2}, "metrics": ["brief"]},
        policy={"rules": [{"use": "at_least", "metric": "brief", "limit": 0.0}]},
        **changes,
    )
    return str(project)


@pytest.mark.parametrize("command", ["run", "train", "evaluate"])
def test_a_run_stops_before_it_trains(
    command: str, tmp_path: Path, tiny_base: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    project = written(tmp_path, tiny_base, "1 / len(row.response)", schema=2)
    assert run([command, project]) == 5
    (line,) = [line for line in capsys.readouterr().err.splitlines() if line.startswith("qlora-gov: ")]
    assert line == (
        "qlora-gov: before the training: brief fails on an empty answer: the metric raised ZeroDivisionError: "
        "division by zero (own.py, line 7), for evaluation.jsonl:3"
    )
    ledger = Ledger(tmp_path / ".qlora_gov" / "ledger.duckdb")
    assert ledger.entries("dataset")
    assert not ledger.entries("adapter")


def test_under_the_first_schema_it_is_told_and_the_gate_closes(
    tmp_path: Path, tiny_base: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    project = written(tmp_path, tiny_base, "row.respons")
    assert run(["run", project]) == 1
    told = capsys.readouterr()
    assert "notice: brief fails on the reference answers: the metric raised AttributeError: " in told.err
    assert "for evaluation.jsonl:3; under 'schema: 2' this ends a run before it trains" in told.err
    for who in ("candidate", "champion"):
        assert f"not measured on {who}: brief: the metric raised AttributeError: " in told.out
    assert run(["run", project]) == 1
    assert "notice: brief" not in capsys.readouterr().err, "nothing that takes long lies ahead"
