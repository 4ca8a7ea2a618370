"""What a gate that is refused leaves behind: nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.imported import BETTER, GOOD, make_imported


def test_a_gate_without_an_evaluation_records_no_policy(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    project = make_imported(tmp_path / "project")
    head = project.ledger.head()
    project.policy(rules=[{"use": "at_least", "metric": "accuracy", "limit": 0.5}])
    assert project("gate") == 2
    assert "no adapter has been evaluated yet" in capsys.readouterr().err
    assert project.ledger.head() == head, "the edited policy is not on record"


def test_a_gate_whose_output_would_overwrite_something_decides_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    project = make_imported(tmp_path / "project")
    assert project.log(GOOD) == project.log(BETTER, "a") == 0
    head = project.ledger.head()
    assert project("gate", "--json", str(project.root / "qlora_gov.yaml")) == 2
    assert project("gate", "--json", str(tmp_path / "x"), "--sarif", str(tmp_path / "x")) == 2
    assert "would overwrite the project file or another output" in capsys.readouterr().err
    assert project.ledger.head() == head
