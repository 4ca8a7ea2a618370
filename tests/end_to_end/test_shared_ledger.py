"""A ledger that two machines share, and files that lie on one of them."""

from __future__ import annotations

import shutil
import socket
from pathlib import Path

import pytest

from qlora_gov.cli.main import run
from tests.support.imported import BETTER, GOOD, Imported, make_imported


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Imported:
    """A project on host-a, whose ledger lies in a directory beside it."""
    monkeypatch.setattr(socket, "gethostname", lambda: "host-a")
    project = make_imported(tmp_path / "project")
    share(project)
    assert project.log(GOOD) == project.log(BETTER, "a") == 0
    assert project("gate") in (0, 3)
    assert project("card") == 0
    return project


def share(project: Imported) -> None:
    with (project.root / "qlora_gov.yaml").open("a") as file:
        file.write("ledger: ../shared/ledger.duckdb\n")


def test_files_on_another_machine_are_not_checked_here(
    project: Imported, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert project("verify") == 0
    capsys.readouterr()
    shutil.rmtree(project.root / ".qlora_gov")
    monkeypatch.setattr(socket, "gethostname", lambda: "host-b")
    assert project("verify") == 0
    (line,) = capsys.readouterr().out.splitlines()
    assert line.startswith("verified: ")
    assert "; not checked here: entry " in line
    assert "(adapter sha256:" in line
    assert line.endswith(", its files lie on host-a")


def test_files_that_are_here_in_part_are_missing_here(
    project: Imported, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    next(project.root.glob(".qlora_gov/adapters/*/*.safetensors")).unlink()
    monkeypatch.setattr(socket, "gethostname", lambda: "host-b")
    assert project("verify") == 12
    assert "missing: entry " in capsys.readouterr().out


def test_files_that_were_lost_where_they_were_made_are_missing(
    project: Imported, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.rmtree(next(project.root.glob(".qlora_gov/adapters/*")))
    assert project("verify") == 12
    assert "missing: entry " in capsys.readouterr().out


def test_files_beside_a_ledger_of_ones_own_are_missing_wherever_it_is_taken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(socket, "gethostname", lambda: "host-a")
    project = make_imported(tmp_path / "project")
    assert project.log(GOOD, "a") == 0
    shutil.rmtree(next(project.root.glob(".qlora_gov/adapters/*")))
    monkeypatch.setattr(socket, "gethostname", lambda: "host-b")
    assert project("verify") == 12


def test_a_card_finds_its_own_project_from_anywhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    project = make_imported(tmp_path / "project")
    assert project.log(GOOD) == project.log(BETTER, "a") == project("gate") == project("card") == 0
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    card = next(project.root.glob(".qlora_gov/cards/*/card.md"))
    for path in (str(card), f"../project/{card.relative_to(project.root)}"):
        assert run(["verify", path]) == run(["trace", path, "accuracy"]) == run(["trace", path]) == 0
    kept = shutil.copy(card, tmp_path / "elsewhere")
    assert run(["verify", str(kept)]) == 4, "a card that was kept elsewhere names no project"
    make_imported(tmp_path / "elsewhere" / "other")
    monkeypatch.chdir(tmp_path / "elsewhere" / "other")
    capsys.readouterr()
    assert run(["verify", str(card)]) != 0, "where there is a project, the card is held against that one"
