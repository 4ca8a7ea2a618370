"""``trace`` as its users run it: what it prints, and what it lets through to a terminal."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from qlora_gov.cli.main import run
from tests.support.imported import Imported
from tests.support.released import make_released

HOSTILE = "\x1b]0;title\x07 \x9b2J \u202e line\none @handle"


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Imported:
    """A ledger whose answers hold control and bidirectional characters."""
    return make_released(tmp_path_factory.mktemp("hostile") / "project", suffix=HOSTILE)


def decision(project: Imported) -> str:
    return project.ledger.entries("decision")[0].id[:20]


def test_a_number_is_opened_from_value_to_row(hostile: Imported, capsys: pytest.CaptureFixture[str]) -> None:
    card = next(hostile.root.glob(".qlora_gov/cards/*/card.md"))
    assert run(["trace", str(card), "accuracy", str(hostile.root), "--rows", "2"]) == 0
    out = capsys.readouterr().out
    order = [
        "candidate",
        "rules",
        "measured by",
        "slices, the worst",
        "rows, the worst",
        "prompt:",
        "ledger entries on the way",
    ]
    assert [out.index(part) for part in order] == sorted(out.index(part) for part in order)
    assert "still the installed one" in out


@pytest.mark.parametrize("options", [[], ["--json"]])
def test_no_control_character_reaches_the_terminal(
    hostile: Imported, options: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["trace", decision(hostile), "accuracy", str(hostile.root), *options]) == 0
    out = capsys.readouterr().out
    assert not set("\x1b\x07\x9b\u202e") & set(out)
    assert "@handle" not in out
    assert "[handle]" in out


def test_json_says_the_same(hostile: Imported, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["trace", decision(hostile), "accuracy", str(hostile.root), "--json", "--rows", "3"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["metric"] == "accuracy"
    assert len(found["rows"]) == 3
    assert set(found) >= {"values", "rules", "plugin", "slices", "rows", "entries"}


def test_without_a_metric_all_numbers_are_listed(hostile: Imported, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["trace", decision(hostile), str(hostile.root)]) == 0
    out = capsys.readouterr().out
    assert "candidate's evaluation (entry " in out
    assert "-> trace accuracy" in out
    assert run(["trace", decision(hostile), str(hostile.root), "--json"]) == 0
    assert {"group", "field", "value", "seq", "id", "metric"} <= set(json.loads(capsys.readouterr().out)[0])


def test_wrong_calls_say_what_would_be_right(
    hostile: Imported, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["trace", decision(hostile), "acuracy", str(hostile.root)]) == 2
    assert "did you mean 'accuracy'?" in capsys.readouterr().err
    (tmp_path / "card.md").write_text("edited")
    assert run(["trace", str(tmp_path / "card.md"), "accuracy", str(hostile.root)]) == 12
