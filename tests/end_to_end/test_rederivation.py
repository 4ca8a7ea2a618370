"""The measured numbers of a card, derived again by a script that shares no line with the program."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.imported import BETTER, GOOD, Imported, make_imported
from tests.support.rederive import agrees, check

POLICY = [
    {"use": "non_inferior", "metric": "accuracy", "margin": 0.1},
    {"use": "non_inferior", "metric": "accuracy", "margin": 0.1, "kind": "relative", "name": "relative"},
    {"use": "no_regressed_slice", "metric": "accuracy", "by": "intent", "margin": 0.3},
    {"use": "at_least", "metric": "accuracy", "limit": 0.7, "where": {"intent": "odd"}},
    {"use": "improves", "metric": "accuracy", "against": "reference"},
]


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Imported:
    project = make_imported(tmp_path_factory.mktemp("rederived") / "project")
    project.policy(rules=POLICY, reference="base")
    assert project("policy") == project.log(GOOD) == project.log(BETTER, "a") == 0
    assert project("gate") in (0, 3)
    assert project("card") == 0
    return project


def card(project: Imported) -> Path:
    return next(project.root.glob(".qlora_gov/cards/*/card.md"))


def ledger(project: Imported) -> Path:
    return project.root / ".qlora_gov" / "ledger.duckdb"


def test_every_measured_number_of_a_card_follows_from_the_rows(project: Imported) -> None:
    numbers = list(check(ledger(project), card(project)))
    assert len(numbers) > 25
    for what, stated, derived, printed in numbers:
        assert agrees(stated, derived, printed), what


def test_a_number_that_does_not_follow_is_seen(project: Imported, tmp_path: Path) -> None:
    edited, text = tmp_path / "card.md", card(project).read_text()
    printed = next(printed for *_, printed in check(ledger(project), card(project)) if f"| {printed} |" in text)
    edited.write_text(text.replace(f"| {printed} |", f"| {float(printed) + 0.01:.4f} |"))
    assert not all(agrees(*numbers) for _, *numbers in check(ledger(project), edited))
