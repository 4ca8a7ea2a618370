"""A decision on the terminal, and in files that cannot be written."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

import pytest
from rich.console import Console

from qlora_gov.cli.show.verdicts import _verdicts, show_plan
from qlora_gov.records import Component, ContrastKind, Interval, Outcome, Rule, RuleVerdict, Verdict
from tests.support.imported import GOOD, Imported, make_imported

HOSTILE = "odd\x1b]0;title\x07\u202e"


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Imported:
    """Two evaluations of rows whose labels hold control and bidirectional characters."""
    project = make_imported(tmp_path_factory.mktemp("verdicts") / "project")
    project.policy(rules=[{"use": "no_regressed_slice", "metric": "accuracy", "margin": 0.3, "by": "intent"}])
    assert project("policy") == 0
    rows = [{"q": f"{at}?", "response": "yes", "score": score, "intent": HOSTILE} for at, score in enumerate(GOOD)]
    for name, weights in (("base", []), ("adapter", ["--adapter", str(project.adapter("a"))])):
        log = project.root / f"{name}.json"
        log.write_text(json.dumps({"model": name, "began": datetime.now(UTC).isoformat(), "rows": rows}))
        assert project("import", "toy", str(log), *weights) == 0
    return project


@pytest.mark.parametrize("command", ["gate", "plan"])
def test_no_control_character_of_a_label_reaches_the_terminal(
    hostile: Imported, command: str, capsys: pytest.CaptureFixture[str]
) -> None:
    project = hostile
    project.policy(rules=[{"use": "no_regressed_slice", "metric": "accuracy", "margin": 0.3, "by": "intent"}])
    assert project(command) == 0
    out = capsys.readouterr().out
    assert not set("\x1b\x07\u202e") & set(out)


def test_a_form_that_cannot_be_written_is_no_bug_and_no_decision(
    hostile: Imported, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").touch()
    assert hostile("gate", "--json", str(tmp_path / "file" / "decision.json")) == 13
    assert f"cannot be written: File exists: {tmp_path / 'file'}; the decision is on record" in capsys.readouterr().err


def verdict_of(
    name: str, against: Literal["champion", "reference"], kind: ContrastKind, estimate: float
) -> RuleVerdict:
    gate = Component(name="gates/x", distribution="qlora-gov", version="1", source="sha256:1", settings={})
    verdict = Verdict(
        outcome=Outcome.PASS,
        reason="r",
        contrast_kind=kind,
        estimate=estimate,
        interval=Interval(low=estimate - 0.0512, high=estimate + 0.0498, level=0.95, method="m"),
        threshold=-9.0,
        candidate=12.3456,
        baseline=11.2345,
        rows_planned=1_537_704,
    )
    return RuleVerdict(rule=Rule(name=name, gate=gate, metric="m", against=against), verdict=verdict)


def test_each_interval_says_what_it_is_of_and_no_figure_pretends(capsys: pytest.CaptureFixture[str]) -> None:
    verdicts = (
        verdict_of("one", "champion", "log_ratio", 0.345678),
        verdict_of("two", "reference", "difference", 1.111111),
    )
    Console(width=120).print(_verdicts(verdicts))
    header, _, one, two = capsys.readouterr().out.strip().splitlines()
    assert header.split() == ["verdict", "rule", "baseline", "candidate", "95%", "interval", "of"]
    assert one.split() == ["PASS", "one", "11.23", "12.35", "0.294", "to", "0.395", "log", "ratio"]
    assert two.split() == ["PASS", "two", "11.235", "12.346", "1.060", "to", "1.161", "difference"]


def test_planned_rows_are_round(capsys: pytest.CaptureFixture[str]) -> None:
    show_plan([verdict_of("one", "champion", "difference", 0.1)])
    assert "about 1,600,000 rows decide every rule above" in capsys.readouterr().out
