"""Rolling back, by hand and where a regression is shown."""

from __future__ import annotations

import pytest

from qlora_gov.errors import ReleaseError
from qlora_gov.release.rollback import roll_back
from tests.release.samples import said, weights
from tests.support.imported import BAD, BETTER, GOOD, Imported


def test_a_release_is_judged_against_the_champion_and_rolled_back_in_one_step(project: Imported) -> None:
    assert project("gate") == project("promote") == 0
    assert project.log(BETTER, "b") == 0
    assert project("gate") == 0
    assert project.last("decision").champion == project.ledger.get(project.last("decision").champion).id
    assert project("promote") == 0
    assert project.aliases() == {"candidate": weights("b"), "champion": weights("b"), "fallback": weights("a")}
    assert project("rollback", "--author", "Ann") == 0
    assert project.aliases() == {"candidate": weights("b"), "champion": weights("a"), "fallback": None}
    assert project("rollback") == 0
    assert project.aliases()["champion"] is None
    assert project("rollback") == 14
    assert project("verify") == 0


def test_what_could_not_be_measured_is_no_regression(project: Imported) -> None:
    assert project("gate") == project("promote") == 0
    plugin = project.root / "plugins" / "toy.py"
    plugin.write_text(plugin.read_text() + "\n# another source\n")
    assert project("rollback", "--if-regressed") == 3
    assert project.aliases()["champion"] == weights("a")


def test_who_was_rolled_back_comes_back_by_a_new_decision_only(
    project: Imported, capsys: pytest.CaptureFixture[str]
) -> None:
    assert project("gate") == project("promote") == project("rollback") == 0
    assert project("promote") == 14
    assert "this adapter was rolled back since" in said(capsys)


def test_rolling_back_twice_does_not_bring_back_what_was_rolled_back(project: Imported) -> None:
    for name in ("a", "b", "a"):
        rows = f"{name}{len(project.ledger.entries('alias'))}"
        assert project.log(GOOD, rows=rows) == project.log(BETTER, name, rows=rows) == 0
        for other in {"a", "b"} - {name}:
            assert project.log(BETTER, other, rows=rows) == 0
        adapter = next(e.id for e in project.adapters() if e.record.files["adapter_model.safetensors"] == weights(name))
        assert project("gate", "--adapter", adapter) == project("promote") == 0
    assert project("rollback") == 0
    assert project.aliases()["champion"] == weights("b")
    assert project.aliases()["fallback"] is None


def test_a_champion_that_regressed_on_fresh_rows_is_rolled_back(project: Imported) -> None:
    assert project("gate") == project("promote") == 0
    assert project.log(GOOD, rows="fresh") == project.log(BAD, "a", rows="fresh") == 0
    assert project("rollback", "--if-regressed") == 1
    assert project.aliases()["champion"] is None
    assert project.last("alias").reason == "regressed"
    assert project.last("alias").decision == project.last("decision").id


def test_what_regressed_is_not_promoted_again_by_the_decision_of_before(
    project: Imported, capsys: pytest.CaptureFixture[str]
) -> None:
    assert project("gate") == project("promote") == 0
    approved = project.last("decision").id
    assert project.log(GOOD, rows="fresh") == project.log(BAD, "a", rows="fresh") == 0
    assert project("rollback", "--if-regressed") == 1
    assert project("promote", "--decision", approved) == 14
    assert "it was decided since that this adapter has regressed" in said(capsys)
    assert project.aliases()["champion"] is None


def test_a_regression_rolls_back_no_other_adapter_than_its_own(project: Imported) -> None:
    """Another process promotes while the champion is judged."""
    assert project("gate") == project("promote") == 0
    judged = project.pipeline.regression()
    assert project.log(BETTER, "b") == project("gate") == project("promote") == 0
    with pytest.raises(ReleaseError, match="another adapter became champion"):
        roll_back(project.ledger, None, judged)
    assert project.aliases()["champion"] == weights("b")


@pytest.mark.parametrize(("scores", "code"), [(BETTER, 0), ([*GOOD[:86], *[0.0] * 4, *GOOD[90:]], 3)])
def test_a_champion_stays_where_no_regression_is_shown(project: Imported, scores: list[float], code: int) -> None:
    assert project("gate") == project("promote") == 0
    assert project.log(GOOD, rows="fresh") == project.log(scores, "a", rows="fresh") == 0
    assert project("rollback", "--if-regressed") == code
    assert project.aliases()["champion"] == weights("a")


def test_a_regression_is_looked_for_only_where_an_adapter_serves(
    project: Imported, capsys: pytest.CaptureFixture[str]
) -> None:
    assert project("rollback", "--if-regressed") == 14
    assert "no adapter is champion" in said(capsys)


def test_a_decision_on_a_regression_promotes_nothing(project: Imported, capsys: pytest.CaptureFixture[str]) -> None:
    assert project("gate") == project("promote") == project("rollback", "--if-regressed") == 0
    decision = project.last("decision").id
    assert project("rollback") == 0
    for command in ("promote", "card"):
        assert project(command, "--decision", decision) == 2
        assert "is on a regression of the champion" in said(capsys)
