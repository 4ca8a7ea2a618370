"""What plan and run say of detectors before anything is done."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from qlora_gov.cli.main import run
from tests.support.imported import GOOD, Imported, make_imported
from tests.support.project import make_project

FIGURES = "HateCheck, threshold 0.8, it finds 629 of 2,563 hateful texts (25%); it flags 366 of 1,165"


def test_plan_says_what_detectors_were_measured_to_find(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    project = make_imported(tmp_path / "project")
    add(project, guardrails=[{"use": "toxicity_lexical", "threshold": 0.8}, {"use": "pii", "recognisers": 2}])
    assert project("policy") == project.log(GOOD) == project.log(GOOD, "a") == 0
    capsys.readouterr()
    assert project("plan") == 0
    told = capsys.readouterr()
    assert f"measured: guardrails/toxicity_lexical: of {FIGURES}" in told.out
    assert "it finds 0 of 431 PERSON (0%)" in told.out
    assert "drops" not in told.err, "a detector that only measures drops nothing"


def test_run_warns_of_a_screen_that_drops_what_should_stay_and_does_not_fail_of_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = make_project(tmp_path, tmp_path / "no base")
    project = yaml.safe_load(file.read_text())
    project["data"]["training"]["steps"] = [{"use": "toxicity_lexical", "threshold": 0.8, "action": "drop"}]
    file.write_text(yaml.safe_dump(project), encoding="utf-8")
    assert run(["run", str(file)]) != 0  # there is no base to train
    told = [line for line in capsys.readouterr().err.splitlines() if line.startswith("notice: guardrails/")]
    assert len(told) == 1
    assert "drops 366 of 1,165 texts that are not hateful (31%) and 629 of 2,563 hateful texts (25%)" in told[0]


def add(project: Imported, **evaluation: object) -> None:
    file = project.root / "qlora_gov.yaml"
    settings = yaml.safe_load(file.read_text())
    settings["evaluation"] |= evaluation
    file.write_text(yaml.safe_dump(settings), encoding="utf-8")
