"""``evaluate``: whose figures stand under which heading."""

from __future__ import annotations

import pytest

from qlora_gov.cli.main import run
from qlora_gov.pipeline.gating import Baselines
from qlora_gov.pipeline.pipeline import Pipeline
from tests.support.imported import BETTER, GOOD, Imported, make_imported


@pytest.fixture
def project(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Imported:
    """A project with an approved candidate, of which training and evaluation are at hand."""
    project = make_imported(tmp_path_factory.mktemp("evaluate") / "project")
    assert project.log(GOOD) == project.log(BETTER, "a") == project("gate") == 0
    base, adapter = (entry.record for entry in project.ledger.entries("evaluation"))
    monkeypatch.setattr(Pipeline, "train_and_evaluate", lambda self: (adapter, Baselines(base)))  # type: ignore[arg-type]
    return project


def test_the_base_is_called_champion_only_while_it_is(project: Imported, capsys: pytest.CaptureFixture[str]) -> None:
    capsys.readouterr()
    assert run(["evaluate", str(project.root)]) == 0
    assert capsys.readouterr().out.split()[:3] == ["metric", "champion", "candidate"]
    assert project("promote") == 0
    capsys.readouterr()
    assert run(["evaluate", str(project.root)]) == 0
    assert capsys.readouterr().out.split()[:3] == ["metric", "baseline", "champion"]
