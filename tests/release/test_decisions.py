"""The decisions that a release rests on: whose, on which rows, and under which policy."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

from qlora_gov.canonical import short_id
from qlora_gov.pipeline import gating
from qlora_gov.records import Decision
from qlora_gov.stages.gate import decide
from tests.release.samples import said
from tests.support.imported import BAD, BETTER, GOOD, Imported, decided, make_imported


def test_an_exploratory_approval_neither_promotes_nor_exits_with_0(
    project: Imported, capsys: pytest.CaptureFixture[str]
) -> None:
    project.policy(rules=[{"use": "non_inferior", "metric": "accuracy", "margin": 0.2}])
    assert project("gate") == 3
    first, *_, last = capsys.readouterr().out.splitlines()
    assert first == "EXPLORATORY: the rules were recorded after the candidate answered"
    assert last == "EXPLORATORY: APPROVED by these rules; this cannot promote"
    decision = project.last("decision")
    assert decided(decision) == ("APPROVED", True, 1)
    assert project.aliases() == {}
    assert project("promote", "--decision", decision.id) == 14
    assert f"decision {short_id(decision.id)}: it is exploratory" in said(capsys)


@pytest.mark.parametrize(
    ("scores", "code", "outcome"), [(BAD, 1, "REFUSED"), ([1.0] * 72 + [0.0] * 28, 3, "INCONCLUSIVE")]
)
def test_an_exploratory_decision_of_any_outcome_says_so_first_and_last(
    project: Imported, scores: list[float], code: int, outcome: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert project.log(scores, "b") == 0
    project.policy(rules=[{"use": "non_inferior", "metric": "accuracy", "margin": 0.2}])
    capsys.readouterr()
    assert project("gate") == code
    first, *_, last = capsys.readouterr().out.splitlines()
    assert first.startswith("EXPLORATORY: ")
    assert last == f"EXPLORATORY: {outcome} by these rules; this cannot promote"
    assert decided(project.last("decision"))[:2] == (outcome, True)


def test_promote_names_the_decision_that_it_judges_and_the_exploratory_one_since(
    project: Imported, capsys: pytest.CaptureFixture[str]
) -> None:
    assert project("gate") == 0
    candidate = short_id(project.last("decision").id)
    project.policy(rules=[{"use": "non_inferior", "metric": "accuracy", "margin": 0.2}])
    assert project("gate") == 3
    since = short_id(project.last("decision").id)
    assert project("promote") == 14
    assert (
        f"not promoted: decision {candidate}, the candidate's (decision {since}, made since, is exploratory and names "
        "no candidate): the project's policy is not the one"
    ) in said(capsys)


def test_a_rule_on_a_label_that_no_row_has_closes_the_gate(
    project: Imported, capsys: pytest.CaptureFixture[str]
) -> None:
    project.policy(rules=[{"use": "non_inferior", "metric": "accuracy", "margin": 0.2, "where": {"intend": "odd"}}])
    assert project("policy") == project.log(BETTER, "b") == 0
    assert project("gate") == 1
    assert "where: no row has a label 'intend'; did you mean 'intent'?" in capsys.readouterr().out
    assert project.last("decision").looks == {"non_inferior accuracy": 0.0}
    assert project("verify") == 0


def test_a_log_that_began_before_the_policy_was_recorded_is_exploratory(tmp_path: Path) -> None:
    project = make_imported(tmp_path / "project")
    assert project.log(GOOD) == project.log(BETTER, "a", age=3600) == 0
    assert project("gate") == 3
    assert decided(project.last("decision")) == ("APPROVED", True, 1)


def test_answering_again_does_not_make_changed_rules_older_than_the_first_answers(project: Imported) -> None:
    project.policy(rules=[{"use": "non_inferior", "metric": "accuracy", "margin": 0.2}])
    assert project("policy") == 0
    assert project.log([*BETTER[:-1], 1.0], "a") == 0, "another log of the same adapter on the same rows"
    assert project("gate") == 3
    assert decided(project.last("decision")) == ("APPROVED", True, 1)
    assert project("verify") == 0


def test_logs_of_two_bases_on_the_same_rows_are_not_taken_for_one(
    project: Imported, capsys: pytest.CaptureFixture[str]
) -> None:
    assert project.log(GOOD, model="another base") == 0
    assert project("gate") == 2
    told = said(capsys)
    assert "logs of several bases are on these rows: " in told
    assert "(another base by toy 1, begun " in told
    assert "(m by toy 1, begun " in told
    assert "name one with --against" in told
    assert project("gate", "--against", "m") == 0


def test_a_card_of_a_decision_just_made_is_that_of_the_decision_on_record(project: Imported) -> None:
    """A setting of 0.0 comes back from the ledger as 0."""
    project.policy(rules=[{"use": "improves", "metric": "accuracy", "by": 0.0}])
    pipeline = project.pipeline
    pipeline.card(pipeline.gate(None))
    assert project("verify") == 0


def test_another_metric_under_the_same_name_is_another_policy(project: Imported) -> None:
    assert project("gate") == 0
    plugin = project.root / "plugins" / "toy.py"
    plugin.write_text(plugin.read_text().replace('row.recorded.get("accuracy")', "1.0"))
    assert project.log(GOOD, rows="r") == project.log(BAD, "b", rows="r") == 0
    assert project.log(GOOD) == 0
    assert project.log(BETTER, "a") == 0
    assert project("gate") == 3
    assert project.last("decision").exploratory


def test_a_log_from_the_future_is_refused(project: Imported, capsys: pytest.CaptureFixture[str]) -> None:
    assert project.log(GOOD, "b", age=-3600) == 6
    assert "which is still to come" in said(capsys)


def test_one_log_is_of_one_subject(project: Imported, capsys: pytest.CaptureFixture[str]) -> None:
    log = str(project.root / "base-q.json")
    assert project("import", "toy", log, "--adapter", str(project.adapter("b"))) == 6
    assert "this log was imported before, as that of the base" in said(capsys)
    copied = shutil.copy(log, project.root / "renamed.json")
    assert project("import", "toy", str(copied), "--adapter", str(project.adapter("b"))) == 6
    assert "renamed.json: this log was imported before, as that of the base" in said(capsys)


def test_a_decision_that_a_newer_one_supersedes_does_not_exit_with_0(project: Imported) -> None:
    assert project.log(GOOD, rows="r") == project.log(BAD, "a", rows="r") == 0
    first = project.adapters()[0].id
    assert project("gate", "--adapter", first) == 1
    assert project("promote") == 14


def test_gating_a_superseded_decision_again_names_no_candidate(project: Imported) -> None:
    """The adapter was decided on against another champion since; that decision is what speaks for it."""
    first = project.adapters()[0].id
    assert project("gate") == 0
    superseded = project.last("decision").id
    assert project.log(BETTER, "b") == project("gate") == project("promote") == 0
    assert project("gate", "--adapter", first) in (0, 3)
    newer = project.last("decision").id
    assert project("rollback") == 0
    assert project("gate", "--adapter", first) == 3
    assert len(project.ledger.entries("decision")) == 3, "the first one is found"
    named = project.ledger.alias("candidate")
    assert named is not None
    assert named.record.decision == newer != superseded  # type: ignore[attr-defined]
    assert project("verify") == 0


def test_where_there_is_no_ledger_nothing_is_verified(project: Imported) -> None:
    shutil.rmtree(project.root / ".qlora_gov")
    assert project("verify") == 2


def test_an_output_never_overwrites_the_project_file(project: Imported) -> None:
    file = project.root / "qlora_gov.yaml"
    before = file.read_text()
    assert project("gate", "--json", str(file)) == 2
    assert file.read_text() == before


def test_a_second_look_at_the_same_rows_is_tested_at_half_the_alpha(project: Imported) -> None:
    assert project.log(BETTER, "b") == 0
    for adapter in project.adapters():
        assert project("gate", "--adapter", adapter.id) == 0
    first, second = (entry.record for entry in project.ledger.entries("decision"))
    assert (decided(first)[2], decided(second)[2]) == (1, 2)
    alphas = [decision.verdicts[0].verdict.alpha for decision in (first, second)]  # type: ignore[attr-defined]
    assert alphas == [0.05, 0.025]


def test_a_decision_that_another_process_overtook_is_not_recorded(
    project: Imported, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Or both would be tested as the first look at these rows."""
    assert project.log(BETTER, "b") == 0
    first, second = (adapter.id for adapter in project.adapters())

    def slowly(*arguments: Any, **more: Any) -> Decision:
        monkeypatch.setattr(gating, "decide", decide)
        assert project("gate", "--adapter", second) == 0
        return decide(*arguments, **more)

    monkeypatch.setattr(gating, "decide", slowly)
    assert project("gate", "--adapter", first) == 15
    assert project("gate", "--adapter", first) == 0
    assert [decided(entry.record)[2] for entry in project.ledger.entries("decision")] == [1, 2]
    assert project("verify") == 0


def test_rows_that_are_curated_again_are_the_same_rows(project: Imported) -> None:
    """Under another plugin source they are another dataset version, but no fresh rows."""
    assert project("gate") == 0
    plugin = project.root / "plugins" / "toy.py"
    plugin.write_text(plugin.read_text() + "\n# a remark\n")
    assert project.log(GOOD) == project.log(BETTER, "b") == 0
    assert project("gate") == 0
    assert decided(project.last("decision"))[2] == 2
    assert project("verify") == 0


def test_slow_drift_is_held_against_a_pinned_reference(tmp_path: Path) -> None:
    """Each release loses some points against the last, within the margin; the reference remembers the first."""
    project = make_imported(tmp_path / "project")
    against = {"use": "non_inferior", "metric": "accuracy", "margin": 0.1, "against": "reference", "name": "no drift"}
    rule = {"use": "non_inferior", "metric": "accuracy", "margin": 0.15}
    project.policy(rules=[rule, against], reference="base", further_looks="count")
    assert project("policy") == project.log([1.0] * 100) == 0
    outcomes = []
    for name, right in (("a", 96), ("b", 90)):
        assert project.log([1.0] * right + [0.0] * (100 - right), name) == 0
        outcomes.append(project("gate"))
        if not outcomes[-1]:
            assert project("promote") == 0
    assert outcomes == [0, 3]
    by_rule = {item.rule.name: item.verdict.outcome for item in project.last("decision").verdicts}
    assert by_rule == {"non_inferior accuracy": "PASS", "no drift": "INCONCLUSIVE"}
    assert project.last("decision").reference is not None


def test_plan_says_how_many_rows_the_playbook_s_review_takes(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """200 prompts, a margin of 5 points, 20% discordant pairs, no difference: about 500 rows."""
    project = make_imported(tmp_path / "project")
    project.policy(rules=[{"use": "non_inferior", "metric": "accuracy", "margin": 0.05}])
    assert project("policy") == 0
    assert project.log([0.0] * 20 + [1.0] * 180) == project.log([1.0] * 180 + [0.0] * 20, "a") == 0
    head = project.ledger.head()
    capsys.readouterr()
    assert project("plan") == 0
    out = capsys.readouterr().out
    (rule,) = project.pipeline.plan(None)
    assert rule.verdict.outcome == "INCONCLUSIVE"
    assert rule.verdict.rows_planned is not None
    assert 490 <= rule.verdict.rows_planned <= 515
    assert f"\n{rule.verdict.rows_planned:,} rows decide" in out, "an exact number is not called about"
    assert rule.exact
    assert project.ledger.head() == head, "nothing is recorded"
