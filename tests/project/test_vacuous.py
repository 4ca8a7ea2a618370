"""What a project does with a rule that says nothing of a candidate."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.support.imported import BETTER, GOOD, Imported, make_imported

VACUOUS = {"use": "at_least", "metric": "accuracy", "limit": -1}
SOUND = {"use": "non_inferior", "metric": "accuracy", "margin": 0.1}
WHY = "this rule says nothing: accuracy is between 0 and 1, so that any candidate passes a limit of -1"


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Imported:
    return make_imported(tmp_path_factory.mktemp("vacuous") / "project")


@pytest.mark.parametrize(
    ("policy", "what"),
    [
        (
            {"rules": [SOUND, VACUOUS]},
            f"policy.rules[1]: {WHY}; mend it, or say why it stays with 'accept_vacuous: ...'",
        ),
        ({"rules": [SOUND | {"margin": 5}]}, "policy.rules[0]: this rule says nothing: accuracy is between 0 and 1"),
        ({"regression": {"use": "non_inferior", "margin": 2}}, "policy.regression: shows no regression of accuracy"),
    ],
)
def test_it_is_refused_from_the_second_schema_on_and_a_notice_before(
    project: Imported, capsys: pytest.CaptureFixture[str], policy: dict[str, Any], what: str
) -> None:
    project.policy(schema=2, **policy)
    assert project("policy") == 4
    assert what in capsys.readouterr().err
    project.policy(**policy)
    assert project("policy") == 0
    assert f"notice: {what}" in capsys.readouterr().err


def test_a_blank_reason_accepts_nothing(project: Imported) -> None:
    project.policy(schema=2, rules=[SOUND, VACUOUS | {"accept_vacuous": ""}])
    assert project("policy") == 4


def test_one_that_is_accepted_is_on_record_and_on_the_card(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    project = make_imported(tmp_path / "project")
    narrow = {"use": "no_regressed_slice", "metric": "accuracy", "by": "intent", "margin": 0.1, "name": "slices"}
    project.policy(schema=2, rules=[SOUND, narrow, VACUOUS | {"accept_vacuous": "an auditor reads it"}])
    assert project("policy") == project.log(GOOD) == project.log(BETTER, "a") == 0
    capsys.readouterr()
    assert project("gate") in (0, 3)
    slices = "'slices' allows a slice by intent a margin of 0.1, and 'non_inferior accuracy' allows all rows 0.1"
    said = capsys.readouterr().err
    assert f"notice: {slices}" in said
    assert "says nothing" not in said
    assert project("card") == project("verify") == 0
    (directory,) = project.root.glob(".qlora_gov/cards/*")
    for name in ("card.md", "card.html"):
        card = (directory / name).read_text().replace("&#39;", "'")
        assert "'at_least accuracy' says nothing of a candidate. The project keeps it: an auditor reads it" in card
        assert slices in card
