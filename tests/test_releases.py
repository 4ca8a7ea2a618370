"""Promotion, rollback and waivers, as a release pipeline uses them."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from qlora_gov.canonical import bytes_id
from qlora_gov.errors import ReleaseError
from qlora_gov.pipeline import gating
from qlora_gov.records import Decision
from qlora_gov.release.releases import Releases
from qlora_gov.stages.gate import decide
from tests.imported import BAD, BETTER, GOOD, Imported, decided, make_imported

TODAY = datetime.now(UTC).date()


def weights(name: str) -> str:
    return bytes_id(f"the weights of {name}".encode())


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Imported:
    """The base and adapter ``a`` are evaluated on the same rows."""
    project = make_imported(tmp_path_factory.mktemp("prepared") / "project")
    assert project.log(GOOD) == 0
    assert project.log(BETTER, "a") == 0
    return project


@pytest.fixture
def project(prepared: Imported, tmp_path: Path) -> Imported:
    """A copy of it."""
    shutil.copytree(prepared.root, tmp_path / "project")
    return Imported(tmp_path / "project")


def said(capsys: pytest.CaptureFixture[str]) -> str:
    return capsys.readouterr().err


def test_an_approved_adapter_is_promoted_and_the_base_is_its_fallback(project: Imported) -> None:
    assert project("gate") == 0
    assert decided(project.last("decision")) == ("APPROVED", False, 1)
    assert project.aliases() == {"candidate": weights("a")}
    assert project("promote", "--author", "Ann") == 0
    assert project.aliases() == {"candidate": weights("a"), "champion": weights("a"), "fallback": None}
    assert (project.last("alias").author, project.last("alias").reason) == ("Ann", "promoted")
    head = project.ledger.head()
    assert project("promote") == 0, "it is champion already"
    assert project.ledger.head() == head


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


@pytest.mark.parametrize("scores", [BAD, GOOD[:60] + [0.0] * 20 + GOOD[:20]])
def test_what_is_not_approved_is_not_promoted(
    project: Imported, scores: list[float], capsys: pytest.CaptureFixture[str]
) -> None:
    assert project.log(scores, "b") == 0
    assert project("gate") in (1, 3)
    assert project("promote") == 14
    assert "'non_inferior accuracy' is " in said(capsys)
    assert "champion" not in project.aliases()


def test_nothing_is_promoted_before_a_decision(project: Imported, capsys: pytest.CaptureFixture[str]) -> None:
    assert project("promote") == 14
    assert "there is no candidate" in said(capsys)


def test_an_exploratory_approval_neither_promotes_nor_exits_with_0(
    project: Imported, capsys: pytest.CaptureFixture[str]
) -> None:
    project.policy(rules=[{"use": "non_inferior", "metric": "accuracy", "margin": 0.2}])
    assert project("gate") == 3
    assert decided(project.last("decision")) == ("APPROVED", True, 1)
    assert project.aliases() == {}
    assert project("promote", "--decision", project.last("decision").id) == 14
    assert "exploratory" in said(capsys)


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
    assert "logs of several bases are on these rows (another base, m)" in said(capsys)


def test_a_card_of_a_decision_just_made_is_that_of_the_decision_on_record(project: Imported) -> None:
    """A setting of 0.0 comes back from the ledger as 0."""
    project.policy(rules=[{"use": "improves", "metric": "accuracy", "by": 0.0}])
    pipeline = project.pipeline
    pipeline.card(pipeline.gate(None))
    assert project("verify") == 0


# --- what a hostile colleague would try ---


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


def test_only_the_policy_in_force_when_the_candidate_answered_can_promote(project: Imported) -> None:
    lenient = [{"use": "non_inferior", "metric": "accuracy", "margin": 0.9}]
    strict = [{"use": "non_inferior", "metric": "accuracy", "margin": 0.01}]
    project.policy(rules=lenient)
    assert project("policy") == 0
    project.policy(rules=strict)
    assert project("policy") == project.log(BAD, "b") == 0
    assert project("gate") == 1
    project.policy(rules=lenient)
    assert project("gate") == 3
    assert project.last("decision").exploratory
    assert project.log(BAD, "c") == project("gate") == 0, "for who answers from now on it is in force again"
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


def test_a_decision_that_a_newer_one_supersedes_does_not_exit_with_0(project: Imported) -> None:
    assert project.log(GOOD, rows="r") == project.log(BAD, "a", rows="r") == 0
    first = project.adapters()[0].id
    assert project("gate", "--adapter", first) == 1
    assert project("promote") == 14


def test_where_there_is_no_ledger_nothing_is_verified(project: Imported) -> None:
    shutil.rmtree(project.root / ".qlora_gov")
    assert project("verify") == 2


def test_an_output_never_overwrites_the_project_file(project: Imported) -> None:
    file = project.root / "qlora_gov.yaml"
    before = file.read_text()
    assert project("gate", "--json", str(file)) == 2
    assert file.read_text() == before


# --- one byte ---------------------------------------------------------------------------------------------------


def kept(project: Imported) -> Path:
    return next(project.root.glob(".qlora_gov/adapters/*/adapter_model.safetensors"))


def edit_weights(project: Imported) -> None:
    kept(project).write_bytes(kept(project).read_bytes()[:-1] + b"!")


def edit_configuration(project: Imported) -> None:
    kept(project).with_name("adapter_config.json").write_text("{ }")


def add_a_file(project: Imported) -> None:
    kept(project).with_name("extra.json").write_text("{}")


def remove_weights(project: Imported) -> None:
    kept(project).unlink()


def edit_policy(project: Imported) -> None:
    project.policy(rules=[{"use": "non_inferior", "metric": "accuracy", "margin": 0.11}])


def edit_a_response(project: Imported) -> None:
    execute(project, "UPDATE responses SET response = response || '.' WHERE \"row\" = 7")


def edit_a_question(project: Imported) -> None:
    execute(project, "UPDATE examples SET messages = replace(messages, '3?', '4?') WHERE \"row\" = 3")


def edit_a_score(project: Imported) -> None:
    execute(project, 'UPDATE scores SET value = 1 - value WHERE "row" = 98 AND component = 0')


def execute(project: Imported, query: str) -> None:
    import duckdb

    with duckdb.connect(str(project.root / ".qlora_gov" / "ledger.duckdb")) as connection:
        connection.execute(query)


@pytest.mark.parametrize(
    ("edit", "code", "reason"),
    [
        (edit_weights, 14, "is not the file that was decided on"),
        (edit_configuration, 14, "adapter_config.json is not the file that was decided on"),
        (add_a_file, 14, "extra.json is not the file that was decided on"),
        (remove_weights, 14, "no .safetensors file"),
        (edit_policy, 14, "the project's policy is not the one that was decided under"),
        (edit_a_response, 12, "the evidence does not re-derive"),
        (edit_a_question, 12, "the evidence does not re-derive"),
        (edit_a_score, 12, "the evidence does not re-derive"),
    ],
)
def test_one_byte_that_differs_from_what_was_decided_stops_the_promotion(
    project: Imported, edit: object, code: int, reason: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert project("gate") == 0
    edit(project)  # type: ignore[operator]
    capsys.readouterr()
    assert project("promote") == code
    assert reason in said(capsys)
    assert "champion" not in project.aliases()


def test_the_directory_that_ships_is_compared_file_by_file(
    project: Imported, capsys: pytest.CaptureFixture[str]
) -> None:
    assert project("gate") == 0
    ships = project.adapter("a")
    (ships / "README.md").write_text("not part of the adapter")
    (ships / "adapter_model.safetensors").write_bytes(b"others")
    assert project("promote", "--weights", str(ships)) == 14
    assert "is not the file that was decided on" in said(capsys)
    project.adapter("a")
    assert project("promote", "--weights", str(ships)) == 0


def test_a_decision_is_outdated_by_a_newer_one_and_by_another_champion(
    project: Imported, capsys: pytest.CaptureFixture[str]
) -> None:
    assert project.log(BETTER, "b") == 0
    first = Releases(project.pipeline)
    for adapter in project.adapters():
        assert project("gate", "--adapter", adapter.id) == 0
    decisions = [entry.id for entry in project.ledger.entries("decision")]
    assert project("promote", "--decision", decisions[0]) == 0
    assert project("promote", "--decision", decisions[1]) == 14
    assert "the champion is no longer the one" in said(capsys)
    assert project("gate", "--adapter", project.adapters()[1].id) == 0
    assert project("promote", "--decision", decisions[1]) == 14
    assert "a newer decision on this adapter says APPROVED" in said(capsys)
    assert first.ledger.head() == project.ledger.head()


# --- looks ------------------------------------------------------------------------------------------------------


def test_a_second_look_at_the_same_rows_is_tested_at_half_the_alpha(project: Imported) -> None:
    assert project.log(BETTER, "b") == 0
    for adapter in project.adapters():
        assert project("gate", "--adapter", adapter.id) == 0
    first, second = (entry.record for entry in project.ledger.entries("decision"))
    assert (decided(first)[2], decided(second)[2]) == (1, 2)
    alphas = [decision.verdicts[0].verdict.alpha for decision in (first, second)]  # type: ignore[attr-defined]
    assert alphas == [0.05, 0.025]


# --- other processes --------------------------------------------------------------------------------------------


def test_a_promotion_that_another_process_overtook_moves_nothing(
    project: Imported, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert project("gate") == project("promote") == project.log(BETTER, "b") == project("gate") == 0

    def slowly(*arguments: object) -> list[object]:
        assert project("rollback") == 0
        return []

    monkeypatch.setattr("qlora_gov.release.releases.verify_lineage", slowly)
    assert project("promote") == 15
    assert "run this again" in said(capsys)
    assert project.aliases()["champion"] is None, "it was rolled back, and nothing moved after that"


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


# --- waivers ----------------------------------------------------------------------------------------------------

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
    monkeypatch.setattr("qlora_gov.release.releases._today", lambda: TODAY + timedelta(days=1))
    assert project("promote") == 14


# --- regression -------------------------------------------------------------------------------------------------


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
        Releases(project.pipeline).roll_back(None, judged)
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


# --- reference --------------------------------------------------------------------------------------------------


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


# --- plan -------------------------------------------------------------------------------------------------------


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
    assert f"{rule.verdict.rows_planned:,} rows decide" in out
    assert project.ledger.head() == head, "nothing is recorded"
