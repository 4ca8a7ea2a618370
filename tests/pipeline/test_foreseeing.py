"""What is said, and stopped, before a training that could not be approved whatever came of it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from qlora_gov.cli.main import run
from qlora_gov.errors import TrainingError
from qlora_gov.pipeline import pipeline
from qlora_gov.pipeline.step import Step
from tests.support.project import make_project

RULES = {"rules": [{"use": "at_most", "metric": "pii_rate", "limit": 0.05}]}
SAID = "'at_most pii_rate' cannot pass on these 12 rows, whatever the candidate answers; it takes 59 rows like these"


@pytest.fixture
def untrained(monkeypatch: pytest.MonkeyPatch) -> None:
    """A training that is begun is an error of its own."""

    def begun(space: Any, trainer: Any, base: Any, dataset: Any) -> Step[Any]:
        def make(work: Path) -> Any:
            raise TrainingError("it began")

        return Step("train", pipeline.Adapter, {"dataset": dataset.id}, lambda record: {}, make)

    monkeypatch.setattr(pipeline, "tuning", begun)


def test_a_policy_that_these_rows_cannot_pass_stops_the_run_before_the_training(
    tmp_path: Path, tiny_base: Path, untrained: None, capsys: pytest.CaptureFixture[str]
) -> None:
    project = str(make_project(tmp_path, tiny_base, schema=2, policy=RULES))
    for command in ("run", "train", "evaluate"):
        assert run([command, project]) == 3
        said = capsys.readouterr().err
        assert SAID in said
        assert "nothing was trained; --anyway trains all the same" in said
    assert run(["run", project, "--anyway"]) == TrainingError.exit_code
    said = capsys.readouterr().err
    assert f"notice: {SAID}" in said
    assert "it began" in said


def test_a_project_of_the_first_schema_is_told_and_trains(
    tmp_path: Path, tiny_base: Path, untrained: None, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["run", str(make_project(tmp_path, tiny_base, policy=RULES))]) == TrainingError.exit_code
    assert f"notice: {SAID}" in capsys.readouterr().err


def test_a_policy_that_can_pass_says_nothing(
    tmp_path: Path, tiny_base: Path, untrained: None, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["run", str(make_project(tmp_path, tiny_base, schema=2))]) == TrainingError.exit_code
    assert "notice:" not in capsys.readouterr().err


@pytest.mark.parametrize(("schema", "said"), [(1, "yes"), (2, "never")])
def test_rows_of_one_prompt_are_one_answer_from_the_second_schema_on(
    tmp_path: Path, schema: int, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Six prompts with ten references each are no sixty answers."""
    project = make_project(tmp_path, tmp_path / "no base", schema=schema, policy=RULES)
    rows = [{"prompt": f"May I ask {at % 6}?", "response": f"Answer {at}."} for at in range(60)]
    (path,) = tmp_path.rglob("evaluation.jsonl")
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    assert run(["plan", str(project)]) == 0
    assert f"at_most pii_rate     60   {said:>8}" in capsys.readouterr().out


def test_plan_reads_the_rows_where_nothing_is_evaluated_and_records_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Neither a base nor a ledger is there."""
    project = make_project(tmp_path, tmp_path / "no base", schema=2, policy=RULES)
    assert run(["plan", str(project)]) == 0
    said = capsys.readouterr().out
    assert SAID in said
    assert "never" in said
    assert not (tmp_path / ".qlora_gov").exists()
