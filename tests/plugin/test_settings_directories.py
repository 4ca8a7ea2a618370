from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import ValidationError

from qlora_gov import ProjectDirectory, Settings


class Place(Settings):
    path: ProjectDirectory


def recorded(root: Path) -> dict[str, str]:
    context = {"root": root}
    place = Place.model_validate({"path": "data"}, context=context)
    assert place.path == root / "data"
    described: dict[str, str] = place.model_dump(mode="json", context=context)["path"]
    return described


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "data" / "part").mkdir(parents=True)
    (tmp_path / "data" / "part" / "a.jsonl").write_text("a")
    (tmp_path / "data" / "b.jsonl").write_text("b")
    return tmp_path


def test_every_change_of_a_file_is_a_change_of_the_record(root: Path) -> None:
    first = recorded(root)
    assert first["path"] == "data"

    (root / "data" / "b.jsonl").write_text("c")
    edited = recorded(root)
    (root / "data" / "b.jsonl").rename(root / "data" / "part" / "b.jsonl")
    moved = recorded(root)
    assert len({first["digest"], edited["digest"], moved["digest"]}) == 3


def test_hidden_files_and_the_place_do_not_matter(root: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    first = recorded(root)
    (root / "data" / ".git").mkdir()
    (root / "data" / ".git" / "HEAD").write_text("x")
    moved = root.rename(tmp_path_factory.mktemp("elsewhere") / "project")
    assert recorded(moved) == first


def test_a_file_or_nothing_is_no_directory(root: Path) -> None:
    for path in ("data/b.jsonl", "nowhere"):
        with pytest.raises(ValidationError, match="no such directory: "):
            Place.model_validate({"path": path}, context={"root": root})
