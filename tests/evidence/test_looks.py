"""Rows are known again, whatever is done to a set to make it look fresh, and fresh rows are not taken for old ones."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from qlora_gov.evidence.looks import RowNames
from qlora_gov.ledger import Entry, Ledger
from qlora_gov.plugin.looks import Earlier, Look, RowLooks
from qlora_gov.records import Decision, Record
from qlora_gov.records.example import Example, Message
from qlora_gov.verification.looks import look_problems
from tests.support.imported import BETTER, GOOD, PLUGIN, Imported, decided, make_imported

Rows = list[Example]


def row(question: str, answer: str = "yes", group: str | None = None, system: str = "", **fields: object) -> Example:
    turns = [("system", system)] if system else []
    turns += [("user", question), ("assistant", answer)]
    messages = tuple(Message(role=role, content=content) for role, content in turns)  # type: ignore[arg-type]
    return Example(messages=messages, group=group or f"group of {question}", source="s", **fields)  # type: ignore[arg-type]


JUDGED = [row(f"May I have question {n}?", f"answer {n}", system="Be kind.") for n in range(20)]
FRESH = [row(f"Another one, {n}?", group=f"fresh {n}", system="Be kind.") for n in range(20)]


def share(rows: Rows, judged: Rows = JUDGED) -> float:
    """The looks of one decision on ``judged`` at these rows."""
    names = RowNames.of(rows)
    return Earlier([Look(names.among(RowNames.of(judged)))], names.weights).at("accuracy").number


def asked(change: Callable[[str], str], judged: Rows = JUDGED) -> Rows:
    """The rows with other prompts and other groups."""

    def turn(message: Message) -> Message:
        return (
            message if message.role == "assistant" else message.model_copy(update={"content": change(message.content)})
        )

    return [one.model_copy(update={"messages": tuple(map(turn, one.messages)), "group": f"new {at}"})
            for at, one in enumerate(judged)]  # fmt: skip


def regrouped(rows: Rows) -> Rows:
    return [one.model_copy(update={"group": f"new {at}"}) for at, one in enumerate(rows)]


def answered(rows: Rows, answer: str) -> Rows:
    return [one.with_messages((*one.prompt, Message(role="assistant", content=answer))) for one in rows]


DOORS: dict[str, tuple[Rows, float]] = {
    "the same": (JUDGED, 1),
    "in another order": (JUDGED[::-1], 1),
    "half of it": (JUDGED[:10], 1),
    "one row swapped": ([*JUDGED[:19], FRESH[0]], 0.95),
    "as many fresh ones": (JUDGED + FRESH, 0.5),
    "copies of a fresh row": (JUDGED + regrouped([FRESH[0]] * 20), 20 / 21),
    "copies of a judged row": (FRESH + regrouped([JUDGED[0]] * 20), 0.5),
    "renamed groups": (regrouped(JUDGED), 1),
    "other labels": ([one.model_copy(update={"intent": "x", "extra": {"a": 1}}) for one in JUDGED], 1),
    "other references": (answered(JUDGED, "no"), 1),
    "a blank in each prompt": (asked(lambda text: text.replace(" ", "  ") + " "), 1),
    "another case": (asked(str.upper), 1),
    "a full stop": (asked(lambda text: f"{text}."), 1),
    "an invisible character": (asked(lambda text: text.replace("i", "\u200bi")), 1),
    "another form of a letter": (asked(lambda text: text.replace("q", "\uff51")), 1),
    "another system prompt": (regrouped([row(one.question, system="Be polite.") for one in JUDGED]), 1),
    "paraphrases in their groups": ([row(f"In other words, {n}", group=JUDGED[n].group) for n in range(20)], 1),
    "fresh rows": (FRESH, 0),
}  # fmt: skip


@pytest.mark.parametrize(("rows", "looks"), DOORS.values(), ids=DOORS)
def test_a_set_is_looked_at_by_the_share_of_its_rows_that_were_judged(rows: Rows, looks: float) -> None:
    assert share(rows) == pytest.approx(looks)


def test_rows_that_all_ask_the_same_are_known_by_what_tells_them_apart() -> None:
    """A document in the system turn, or no prompt at all."""
    judged = [row("Summarise it.", group=f"d{n}", system=f"Document {n}") for n in range(20)]
    fresh = [row("Summarise it.", group=f"e{n}", system=f"Paper {n}") for n in range(20)]
    assert (share(fresh, judged), share(regrouped(judged), judged)) == (0, 1)
    texts = [row("", f"text {n}", group=f"t{n}") for n in range(20)]
    assert (
        share([row("", f"other {n}", group=f"o{n}") for n in range(20)], texts),
        share(regrouped(texts), texts),
    ) == (0, 1)


def test_a_group_that_is_a_bare_number_names_nothing_in_another_set() -> None:
    judged, fresh = ([row(f"{what} {n}?", group=str(n)) for n in range(20)] for what in ("One", "Other"))
    assert share(fresh, judged) == 0


def test_texts_of_punctuation_alone_are_told_apart() -> None:
    assert share([row("!!", group="a"), row("??", group="b")], [row("!!", group="c")]) == 0.5


def test_looks_add_up_and_are_of_the_rows_that_a_rule_judges() -> None:
    half = np.arange(10) < 5
    earlier = Earlier([Look(half), Look(half), Look(np.ones(10, dtype=np.bool_))], np.ones(10))
    looks = earlier.at("accuracy")
    assert (looks.number, looks.scale) == (2, 0.25)
    assert looks.part(np.flatnonzero(half)).number == 3, "rows are not made fresher by those that a rule leaves out"
    assert looks.part(np.flatnonzero(~half)).number == 1
    assert looks.part([]).number == 0
    assert RowLooks.alike(3, 7).scale == 0.125


def test_a_metric_that_was_not_measured_was_not_looked_at() -> None:
    rows = np.ones(4, dtype=np.bool_)
    earlier = Earlier([Look(rows, frozenset({"toy/accuracy"})), Look(rows)], np.ones(4))
    assert (earlier.at("toy/accuracy").number, earlier.at("toy/other").number) == (1, 2)


# --- through the gate ---


@pytest.fixture
def project(tmp_path: Path) -> Imported:
    """The rows of ``GOOD`` were judged once, under a project of schema 2."""
    project = make_imported(tmp_path / "project")
    project.policy(schema=2)
    assert project("policy") == project.log(GOOD) == project.log(BETTER, "a") == project("gate") == 0
    return project


def alpha(project: Imported) -> float:
    return project.last("decision").verdicts[0].verdict.alpha  # type: ignore[no-any-return]


def gate_more(project: Imported, name: str = "b") -> Decision:
    """Judge another adapter on the same 100 rows and 100 fresh ones."""
    assert project.log(GOOD * 2) == project.log(BETTER * 2, name) == project("gate") == 0
    return project.last("decision")  # type: ignore[no-any-return]


def test_half_of_the_rows_are_half_a_look(project: Imported, capsys: pytest.CaptureFixture[str]) -> None:
    decision = gate_more(project)
    assert (decision.looks, decision.look) == ({"non_inferior accuracy": 0.5}, 2)
    assert alpha(project) == pytest.approx(0.05 * 0.5**0.5)
    assert "rows of this set were judged before: 0.5 times on average" in capsys.readouterr().out
    assert project("card") == 0
    (card,) = project.root.glob(".qlora_gov/cards/*/card.md")
    assert "Rows had been judged before 0.5 times on average for non_inferior accuracy." in card.read_text()
    assert project("verify", "--intervals") == 0
    assert capsys.readouterr().out.splitlines()[-1].startswith("verified: ")


def test_an_evaluation_that_no_decision_judged_is_a_look(project: Imported, capsys: pytest.CaptureFixture[str]) -> None:
    """The best of several evaluations of one adapter, and the worst of the champion's, are found by looking at each."""
    for scores in (GOOD, BETTER):
        assert project.log(scores, "b", rows="r") == 0
    unjudged = [entry.id for entry in project.ledger.entries("evaluation")[-2:]]
    assert (
        project.log([*GOOD[:-1], 1.0], rows="r") == project.log(GOOD, rows="r") == project.log(GOOD, "b", rows="r") == 0
    )
    assert project("gate") == 0
    decision = project.last("decision")
    assert {*unjudged} < {*decision.passed_over}
    assert (len(decision.passed_over), decision.looks, decision.look) == (3, {"non_inferior accuracy": 3.0}, 4)
    assert alpha(project) == 0.05 / 8
    told = "3 other evaluations of the same subjects on these rows, or some of them, were on record and not judged: "
    assert told in capsys.readouterr().out
    assert project("card") == 0
    (card,) = project.root.glob(".qlora_gov/cards/*/card.md")
    assert f"**Notice:** {told}" in card.read_text()
    assert "This is look 4 at this evaluation set" in card.read_text()
    assert project("gate", "--evaluation", unjudged[0]) in (0, 3)
    again = project.last("decision")
    assert (len(again.passed_over), again.look) == (2, 4), "one of the three was judged now, and is a decision"
    assert project("verify", "--intervals") == 0


def test_one_on_some_of_the_rows_is_a_part_of_a_look(project: Imported) -> None:
    assert (
        project.log(BETTER[:50], "b", rows="r") == project.log(GOOD, rows="r") == project.log(GOOD, "b", rows="r") == 0
    )
    assert project("gate") in (0, 3)
    decision = project.last("decision")
    assert (len(decision.passed_over), decision.looks) == (1, {"non_inferior accuracy": 0.5})
    assert project("verify", "--intervals") == 0


def test_a_decision_that_tested_nothing_judged_no_evaluation(tmp_path: Path) -> None:
    """Whoever has evaluations refused for want of a score on the champion's side, and then mends that, saw them all."""
    project = make_imported(tmp_path / "project")
    plugin = project.root / "plugins" / "toy.py"
    plugin.write_text(PLUGIN.replace('{"accuracy": row["score"]}', '{} if row["score"] is None else {"accuracy": 1.0}'))
    project.policy(schema=2)
    assert project("policy") == project.log([*GOOD[:99], None]) == 0  # type: ignore[list-item]
    for scores in (GOOD, BETTER):
        assert project.log(scores, "a") == 0
        assert project("gate") == 1
        assert project.last("decision").untested == ("non_inferior accuracy",)
    assert project.log(GOOD) == project.log([*GOOD[:99], 1.0], "a") == 0
    assert project("gate") in (0, 3)
    decision = project.last("decision")
    assert len(decision.passed_over) == 3, "two of the candidate, and the champion's"
    assert decision.looks == {"non_inferior accuracy": 3.0}
    assert project("verify", "--intervals") == 0


def test_a_decision_is_not_recorded_behind_an_evaluation_that_it_has_not_seen(
    project: Imported, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    append = Ledger.append

    def slowly(ledger: Ledger, record: Record, **given: Any) -> Entry:
        if isinstance(record, Decision):
            monkeypatch.undo()
            assert project.log([*BETTER[:-1], 1.0], "b", rows="r") == 0
        return append(ledger, record, **given)

    assert project.log(GOOD, rows="r") == project.log(BETTER, "b", rows="r") == 0
    monkeypatch.setattr(Ledger, "append", slowly)
    assert project("gate") == 15
    assert "run this again" in capsys.readouterr().err
    assert project("gate") == 0
    assert len(project.last("decision").passed_over) == 1
    assert project("verify") == 0


def test_a_decision_that_states_other_evaluations_as_passed_over_is_found_out(project: Imported) -> None:
    assert project.log([*BETTER[:-1], 1.0], "a") == project("gate") == 0
    ledger, decision = project.ledger, project.last("decision")
    assert decision.passed_over == (), "that of the other was judged"
    other = decision.model_copy(update={"passed_over": (decision.candidate,)})
    ledger.append(other)
    problem, *_ = look_problems(ledger, ledger.entries("decision")[-1:])
    assert "it states that 1 evaluations were passed over, and 0 were" in str(problem)


def test_where_the_policy_asks_for_fresh_rows_some_judged_ones_are_named(project: Imported) -> None:
    project.policy(schema=2, further_looks="fresh_rows")
    assert project("policy") == project.log(GOOD * 2) == project.log(BETTER * 2, "b") == 0
    assert project("gate") == 3
    reason = project.last("decision").verdicts[0].verdict.reason
    assert "100 of 200 rows were judged before, and the policy asks for fresh ones" in reason


def test_a_project_of_the_first_schema_counts_whole_sets(tmp_path: Path) -> None:
    project = make_imported(tmp_path / "project")
    assert project.log(GOOD) == project.log(BETTER, "a") == project("gate") == 0
    assert (gate_more(project).look, alpha(project)) == (1, 0.05)
    assert project("verify") == 0


@pytest.mark.parametrize("schema", [1, 2])
def test_a_decision_that_measured_nothing_spends_no_look(tmp_path: Path, schema: int) -> None:
    project = make_imported(tmp_path / "project")
    project.policy(schema=schema)
    assert project("policy") == project.log(GOOD) == project.log(BETTER, "a") == 0
    plugin = project.root / "plugins" / "toy.py"
    plugin.write_text(PLUGIN + "\n# another source\n")
    assert project("gate") == 1
    failed = project.last("decision")
    assert failed.untested == ("non_inferior accuracy",)
    plugin.write_text(PLUGIN)
    assert project("gate") == 0
    assert decided(project.last("decision")) == ("APPROVED", False, 1)
    assert alpha(project) == 0.05
    assert project("verify", "--intervals") == 0


def test_looks_that_a_forger_states_are_found(project: Imported, capsys: pytest.CaptureFixture[str]) -> None:
    decision = gate_more(project)
    forged = decision.model_copy(update={"looks": {"non_inferior accuracy": 0.0}, "look": 1})
    project.ledger.append(forged)
    assert project("verify") != 0
    assert "states 0.0 looks at its rows, and 1.5 are before it" in capsys.readouterr().out
    project.ledger.append(decision.model_copy(update={"looks": None, "look": 2}))
    assert project("verify") != 0
    assert "its policy counts looks by row, and it states none" in capsys.readouterr().out
