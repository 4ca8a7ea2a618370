"""A metric that failed is mended after the candidate answered: what may be, and every door that stays shut."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from qlora_gov.records import Absent, Decision
from tests.support.imported import BAD, BETTER, GOOD, Imported, decided, make_imported

PLUGIN = """
from qlora_gov import MeanMetric, MetricSpec, hookimpl


class Right(MeanMetric):
    def score_row(self, row):
        {body}


class Other(MeanMetric):
    def score_row(self, row):
        return {other}


def spec(name, factory):
    return MetricSpec(name=name, summary="s", factory=factory, components=MeanMetric.components,
                      higher_is_better={better}, margin="absolute", binary=True)


@hookimpl
def qlora_gov_metrics():
    return [spec("right", Right), spec("other", Other)]
"""
SOUND = 'return row.recorded["accuracy"]'
TYPO = 'return row.recorded["acuracy"]'
OTHER_TYPO = 'return row.recored["accuracy"]'
OTHER = 'row.recorded["accuracy"]'
RULES = [
    {"use": "non_inferior", "metric": "right", "margin": 0.1},
    {"use": "at_least", "metric": "other", "limit": 0.5},
]


class Mending(Imported):
    """A project with a metric that can be written anew."""

    def write(self, body: str, other: str = OTHER, better: bool = True) -> None:
        self._after_the_answers()
        text = PLUGIN.format(body=body, other=other, better=better)
        (self.root / "plugins" / "own.py").write_text(text)

    def _after_the_answers(self) -> None:
        """Wait until what is recorded comes after the logs, which begin a second ahead."""
        if any(self.root.glob("*-q.json")):
            time.sleep(1.1)

    def rules(self, *rules: dict[str, Any], **changes: Any) -> None:
        self._after_the_answers()
        self.policy(rules=list(rules), **changes)
        file = self.root / "qlora_gov.yaml"
        file.write_text(file.read_text().replace("metrics:\n  - accuracy\n", "metrics: [right, other, accuracy]\n"))

    def answer(self, candidate: list[float] = BETTER) -> None:
        """Import what was logged of both sides, once or again: the answers are those of the first time."""
        for scores, adapter in ((GOOD, None), (candidate, "a")):
            log = self.root / f"{adapter or 'base'}-q.json"
            if not log.exists():
                assert self.log(scores, adapter, age=-1) == 0
                continue
            weights = ["--adapter", str(self.root / adapter)] if adapter else []
            assert self("import", "toy", str(log), *weights) == 0

    def last_decision(self) -> Decision:
        found = self.last("decision")
        assert isinstance(found, Decision)
        return found


@pytest.fixture
def project(tmp_path: Path) -> Mending:
    made = Mending(make_imported(tmp_path).root)
    made.write(TYPO)
    made.rules(*RULES)
    assert made("policy") == 0
    return made


def test_a_metric_that_failed_on_both_sides_may_be_mended(project: Mending, capsys: pytest.CaptureFixture[str]) -> None:
    project.answer()
    told = capsys.readouterr().out
    assert "not measured on imported: right: the metric raised KeyError: 'acuracy' (own.py, line 7), for q 0?" in told
    assert project("gate") == 1
    assert decided(project.last_decision())[:2] == ("REFUSED", False)
    project.write(SOUND)
    project.answer()
    capsys.readouterr()
    assert project("gate") == 0
    told = capsys.readouterr().out
    assert "mended: the code of right is younger than the answers; that in force when the candidate answered" in told
    decision = project.last_decision()
    assert decided(decision)[:2] == ("APPROVED", False)
    assert decision.mended == ("right",)  # the other one shares its file, and made the very same of the answers
    assert project("card") == 0
    cards = sorted((project.root / ".qlora_gov" / "cards").rglob("card.*"))
    assert [card.name for card in cards] == ["card.html", "card.md"]
    for card in cards:
        assert "is younger than the answers" in card.read_text()
    assert project("verify", "--intervals") == 0
    (line,) = capsys.readouterr().out.splitlines()[-1:]
    assert line.startswith("verified: ")
    assert line.endswith("; after the answers were mended: right")
    assert project("promote") == 0


def test_a_second_mistake_may_be_mended_too(project: Mending) -> None:
    project.answer()
    for body in (OTHER_TYPO, SOUND):
        project.write(body)
        project.answer()
    assert project("gate") == 0
    assert project.last_decision().mended == ("right",)


def changes_the_margin(project: Mending) -> None:
    project.rules(RULES[0] | {"margin": 0.2}, RULES[1])


def changes_the_rows(project: Mending) -> None:
    project.rules(RULES[0] | {"where": {"intent": "odd"}}, RULES[1])


def drops_a_rule(project: Mending) -> None:
    project.rules(RULES[0])


def turns_the_direction(project: Mending) -> None:
    project.write(SOUND, better=False)


def changes_what_worked(project: Mending) -> None:
    project.write(SOUND, other="1.0 - " + OTHER)


def changes_one_row_of_what_worked(project: Mending) -> None:
    project.write(SOUND, other="1.0 if row.example.source == 'q 95?' else " + OTHER)


@pytest.mark.parametrize(
    "also",
    [
        changes_the_margin,
        changes_the_rows,
        drops_a_rule,
        turns_the_direction,
        changes_what_worked,
        changes_one_row_of_what_worked,
    ],
)
def test_whatever_else_changes_makes_the_decision_exploratory(
    project: Mending, also: Callable[[Mending], None], capsys: pytest.CaptureFixture[str]
) -> None:
    project.answer()
    project.write(SOUND)
    also(project)
    project.answer()
    project("gate")
    assert project.last_decision().exploratory
    assert project.last_decision().mended == ()
    assert "notice: exploratory: " in capsys.readouterr().err
    assert project("verify") == 0
    assert project("promote") == 14


def test_a_metric_that_fails_on_the_candidate_alone_is_not_mended(project: Mending) -> None:
    """It may fail because of the answers: whoever could mend it would have a bad candidate judged twice."""
    project.write("return 1 / 0 if row.example.source == 'q 99?' and row.recorded['accuracy'] else " + SOUND[7:])
    assert project("policy") == 0
    project.answer([0.0] * 50 + [1.0] * 50)
    assert isinstance(project.last("evaluation").measurements[0].value, Absent)
    project.write("return 1.0")
    project.answer()
    project("gate")
    assert project.last_decision().exploratory


def test_a_number_once_given_is_not_mended(project: Mending) -> None:
    project.answer(BAD)
    for body in (SOUND, "return 1.0"):
        project.write(body)
        project.answer()
    project("gate")
    assert project.last_decision().exploratory


def test_a_number_that_another_subject_was_given_counts(project: Mending) -> None:
    project.write(SOUND)
    assert project.log(BETTER, "b", age=-1) == 0
    project.write(TYPO)
    assert project("policy") == 0
    project.answer()
    project.write("return 1.0")
    project.answer()
    project("gate")
    assert project.last_decision().exploratory


def test_a_required_metric_is_not_mended(project: Mending) -> None:
    project.rules(RULES[0] | {"name": "must"}, RULES[1], required=["must"])
    assert project("policy") == 0
    project.answer()
    project.write(SOUND)
    project.answer()
    project("gate")
    assert project.last_decision().exploratory


def test_a_baseline_that_the_code_in_force_never_met_has_not_failed(project: Mending) -> None:
    """Else the metric could fail on the candidate, by intent, and be written with both sides' answers at hand."""
    assert project.log(BAD, "a", age=-1) == 0
    project.write("return 1.0")
    project.answer()
    project("gate")
    assert project.last_decision().exploratory


FORGED = [{"mended": ()}, {"mended": ("right", "other")}, {"exploratory": True, "mended": ()}]


@pytest.mark.parametrize("forged", FORGED)
def test_verify_derives_what_was_mended(
    project: Mending, forged: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    project.answer()
    project.write(SOUND)
    project.answer()
    project("gate")
    decision = project.last_decision()
    project.ledger.append(decision.model_copy(update={"look": decision.look + 1, **forged}))
    assert project("verify") == 3 or project("verify") == 12
    told = capsys.readouterr().out
    assert ("metrics mended after the answers" in told) or ("its policy was in force" in told)
