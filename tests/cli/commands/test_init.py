"""What ``init`` writes, and what it leaves alone."""

from __future__ import annotations

from pathlib import Path

import pytest

from qlora_gov.cli.commands.init import MODELINE, TEMPLATE
from qlora_gov.cli.main import run
from qlora_gov.plugin.fetching import STATE_DIRECTORY
from qlora_gov.project.file import PROJECT_FILE, load_project, project_schema
from tests.conftest import ROOT


def test_the_first_line_names_a_schema_that_lies_beside(tmp_path: Path) -> None:
    assert run(["init", str(tmp_path / "new")]) == 0
    file = tmp_path / "new" / PROJECT_FILE
    first, _, rest = file.read_text(encoding="utf-8").partition("\n")
    mark, schema = first.split("$schema=")
    assert (mark, rest) == ("# yaml-language-server: ", TEMPLATE)
    assert (file.parent / schema).read_text(encoding="utf-8") == project_schema()
    assert load_project(file).seed == 7


def test_what_exists_is_left_as_it_is(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / PROJECT_FILE).write_text("mine")
    assert run(["init", str(tmp_path)]) == 2
    assert [path.name for path in tmp_path.iterdir()] == [PROJECT_FILE]
    assert run(["init", "--schema", str(tmp_path)]) == 0
    assert MODELINE in capsys.readouterr().out
    assert (tmp_path / PROJECT_FILE).read_text() == "mine"
    assert (tmp_path / "qlora_gov.schema.json").read_text(encoding="utf-8") == project_schema()


def test_the_copy_is_lost_to_no_rule_that_clears_what_was_made(tmp_path: Path) -> None:
    """It lies outside of the state directory, which is neither committed nor kept."""
    assert run(["init", str(tmp_path)]) == 0
    assert not (tmp_path / STATE_DIRECTORY).exists()
    assert "json" not in (ROOT / ".gitignore").read_text()


def test_a_schema_of_somebody_else_is_left_as_it_is(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    schema = tmp_path / "qlora_gov.schema.json"
    for mine in ('{"title": "mine"}', "[]", "not json"):
        schema.write_text(mine)
        assert run(["init", str(tmp_path)]) == 2
        assert run(["init", "--schema", str(tmp_path)]) == 2
        assert "is not the schema of a project file; it is left as it is" in capsys.readouterr().err
        assert schema.read_text() == mine
    assert [path.name for path in tmp_path.iterdir()] == [schema.name]


def test_a_schema_of_another_version_is_replaced_and_that_is_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    schema = tmp_path / "qlora_gov.schema.json"
    schema.write_text('{"title": "A project file of qlora_gov"}')
    assert run(["init", "--schema", str(tmp_path)]) == 0
    assert f"replaced {schema}, which another version had written" in capsys.readouterr().out
    assert schema.read_text(encoding="utf-8") == project_schema()
    assert run(["init", str(tmp_path)]) == 0
    assert "replaced" not in capsys.readouterr().out
