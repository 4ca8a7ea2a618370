"""Rows that are not those on record: no command decides on them, publishes them or shows them."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from qlora_gov.cli.main import run
from tests.support.imported import BAD, GOOD, Imported, make_imported


def edit(project: Imported, statement: str) -> None:
    with duckdb.connect(str(project.ledger.location)) as connection:
        connection.execute(statement)


def test_no_gate_decides_on_edited_scores(tmp_path: Path) -> None:
    project = make_imported(tmp_path / "project")
    assert project.log(GOOD) == project.log(BAD, "a") == 0
    candidate = project.ledger.entries("evaluation")[-1].seq
    edit(project, f"UPDATE scores SET value = 1 WHERE entry = {candidate}")
    before = project.ledger.head()
    assert project("gate") == 12
    assert project.ledger.head() == before


@pytest.mark.parametrize(
    "statement", ["DELETE FROM findings", "UPDATE responses SET response = 'x'", "UPDATE examples SET source = 'x'"]
)
def test_edited_rows_are_not_shown(copy: Imported, statement: str, capsys: pytest.CaptureFixture[str]) -> None:
    evaluation = next(
        entry for entry in copy.ledger.entries("evaluation") if copy.ledger.table(entry, "findings")["row"].size
    )
    assert run(["ledger", "--project", str(copy.root), "rows", evaluation.id]) == 0
    edit(copy, statement)
    capsys.readouterr()
    assert run(["ledger", "--project", str(copy.root), "rows", evaluation.id]) == 12
    assert "@asker" not in capsys.readouterr().out
