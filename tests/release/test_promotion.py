"""Promotion, as a release pipeline uses it: of what was decided, to the byte, and of nothing else."""

from __future__ import annotations

from pathlib import Path

import pytest

from qlora_gov.cli.main import run
from tests.release.samples import said, weights
from tests.support.imported import BAD, BETTER, GOOD, Imported, decided


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


def test_an_adapter_that_was_evaluated_again_since_is_gated_again_first(
    project: Imported, capsys: pytest.CaptureFixture[str]
) -> None:
    assert project("gate") == project.log(BAD, "a") == 0
    assert project("promote") == 14
    assert "evaluated again on these rows since; run 'qlora-gov gate' again" in said(capsys)
    older = project.ledger.entries("evaluation")[1].id
    summary = project.root / "summary.md"
    assert run(["gate", str(project.root), "--evaluation", older, "--summary", str(summary)]) == 3
    assert "superseded: this adapter has been evaluated again on these rows since" in capsys.readouterr().out
    assert (
        "This decision cannot promote: it is superseded: this adapter has been evaluated again" in summary.read_text()
    )
    assert project("gate") == 1


def test_scoring_old_answers_again_makes_them_no_newer(project: Imported) -> None:
    good = project.root / "a-q.json"
    kept = good.read_bytes()
    assert project("gate") == project.log(BAD, "a") == 0
    good.write_bytes(kept)
    file = project.root / "qlora_gov.yaml"
    file.write_text(file.read_text().replace("- accuracy\n", "- accuracy\n  - rouge_l\n", 1))
    assert project("import", "toy", str(good), "--adapter", str(project.root / "a")) == 0
    assert project("promote") == 14
    assert project("gate") == 1


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
    first = project.pipeline.space
    for adapter in project.adapters():
        assert project("gate", "--adapter", adapter.id) == 0
    decisions = [entry.id for entry in project.ledger.entries("decision")]
    assert project("promote", "--decision", decisions[0]) == 0
    assert project("promote", "--decision", decisions[1]) == 14
    assert "the champion is no longer the one" in said(capsys)
    assert project("gate", "--adapter", project.adapters()[1].id) == 0
    assert project("promote", "--decision", decisions[1]) == 14
    newer = project.last("decision").id
    assert f"a newer decision on this adapter says APPROVED; --decision {newer} names that one" in said(capsys)
    assert first.ledger.head() == project.ledger.head()


def test_a_promotion_that_another_process_overtook_moves_nothing(
    project: Imported, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert project("gate") == project("promote") == project.log(BETTER, "b") == project("gate") == 0

    def slowly(*arguments: object) -> list[object]:
        assert project("rollback") == 0
        return []

    monkeypatch.setattr("qlora_gov.release.allowed.verify_lineage", slowly)
    assert project("promote") == 15
    assert "run this again" in said(capsys)
    assert project.aliases()["champion"] is None, "it was rolled back, and nothing moved after that"
