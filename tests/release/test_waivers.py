"""Waivers: what they allow, and what cannot be waived."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from tests.release.samples import TODAY, said
from tests.support.imported import BAD, GOOD, Imported, make_imported

WAIVED = ("--rule", "non_inferior accuracy", "--author", "Ann", "--reason", "the rows are known to be wrong")


def test_a_waiver_lets_an_adapter_pass_without_editing_a_verdict(project: Imported) -> None:
    assert project.log(BAD, "b") == 0
    assert project("gate") == 1
    decision = project.last("decision")
    assert project("waive", *WAIVED, "--until", str(TODAY)) == 0
    assert project("promote") == 0
    assert project.last("decision") == decision
    assert project.last("alias").waivers == (project.last("waiver").id,)
    assert project("verify") == 0


@pytest.mark.parametrize(
    ("changes", "code", "reason"),
    [
        ({"--until": str(TODAY - timedelta(days=1))}, 2, "waives nothing"),
        ({"--rule": "accuracy"}, 2, "the decision has no rule 'accuracy'; known: non_inferior accuracy"),
        ({"--author": " "}, 2, "a waiver takes an author"),
        ({"--author": "\u200b"}, 2, "a waiver takes an author"),
        ({"--reason": "\u2800"}, 2, "a waiver takes an author who answers for it, and a reason"),
        ({"--reason": ""}, 2, "a waiver takes an author who answers for it, and a reason"),
        ({"--until": "soon"}, 2, "Invalid value for '--until'"),
        ({"--author": None}, 2, "Missing option '--author'"),
    ],
)
def test_a_waiver_that_waives_nothing_is_refused(
    project: Imported, changes: dict[str, str | None], code: int, reason: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert project.log(BAD, "b") == 0
    assert project("gate") == 1
    capsys.readouterr()
    given = dict(zip(WAIVED[::2], WAIVED[1::2], strict=True)) | {"--until": str(TODAY)} | changes
    arguments = [part for option, value in given.items() if value is not None for part in (option, value)]
    assert project("waive", *arguments) == code
    assert reason in said(capsys)
    assert project.ledger.entries("waiver") == []


def test_a_rule_that_passed_has_nothing_to_waive(project: Imported, capsys: pytest.CaptureFixture[str]) -> None:
    assert project("gate") == 0
    assert project("waive", *WAIVED, "--until", str(TODAY)) == 2
    assert "there is nothing to waive" in said(capsys)


def test_a_required_rule_cannot_be_waived(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    project = make_imported(tmp_path / "project")
    project.policy(required=["non_inferior accuracy"])
    assert project("policy") == project.log(GOOD) == project.log(BAD, "b") == 0
    assert project("gate") == 1
    assert project("waive", *WAIVED, "--until", str(TODAY)) == 14
    assert "required" in said(capsys)


def test_a_waiver_holds_as_long_as_it_says(project: Imported, monkeypatch: pytest.MonkeyPatch) -> None:
    assert project.log(BAD, "b") == 0
    assert project("gate") == 1
    assert project("waive", *WAIVED, "--until", str(TODAY)) == 0
    monkeypatch.setattr("qlora_gov.evidence.waivers.today", lambda: TODAY + timedelta(days=1))
    assert project("promote") == 14
