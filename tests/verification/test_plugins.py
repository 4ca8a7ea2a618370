"""A plugin of a directory that is not loaded is found where it lies, and the project file that names it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.imported import GOOD, make_imported

BREVITY = """
from qlora_gov import MeanMetric, MetricSpec, hookimpl


class Brevity(MeanMetric):
    def score_row(self, row):
        return 1.0


@hookimpl
def qlora_gov_metrics():
    return [MetricSpec(name="brevity", summary="s", factory=Brevity, components=MeanMetric.components,
                       higher_is_better=True, margin="absolute", binary=True)]
"""


def test_verify_names_the_directory_and_the_project_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    project = make_imported(tmp_path / "project")
    more = project.root / "more"
    more.mkdir()
    (more / "brevity.py").write_text(BREVITY)
    own = (project.root / "qlora_gov.yaml").read_text()
    evaluation = "evaluation: {metrics: [accuracy, brevity]}\n"
    (project.root / "brief.yaml").write_text(f"extends: qlora_gov.yaml\nplugins: [plugins, more]\n{evaluation}")
    both = own.replace("- plugins", "- plugins\n- more").replace("- accuracy", "- accuracy\n  - brevity", 1)
    (project.root / "qlora_gov.yaml").write_text(both)
    assert project.log(GOOD) == 0
    (project.root / "qlora_gov.yaml").write_text(own)
    capsys.readouterr()
    assert project("verify") == 3
    out = capsys.readouterr().out
    assert f"plugin 'brevity' lies in more: verify brief.yaml, which names it, or use --plugins-dir {more}" in out
    assert project("verify", "--plugins-dir", str(more)) == 0
    assert capsys.readouterr().out.startswith("verified: ")
