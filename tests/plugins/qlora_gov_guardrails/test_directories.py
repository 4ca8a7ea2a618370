"""Directories in settings are recorded by what they hold."""

from __future__ import annotations

import pytest

from qlora_gov import Settings
from qlora_gov_guardrails.directories import ProjectDirectory


class Weights(Settings):
    path: ProjectDirectory


@pytest.fixture
def recorded(tmp_path):
    (tmp_path / "weights" / "inner").mkdir(parents=True)
    (tmp_path / "weights" / "a").write_bytes(b"1")
    (tmp_path / "weights" / "inner" / "b").write_bytes(b"2")

    def record(path="weights", root=tmp_path):
        context = {"root": root}
        return Weights.model_validate({"path": path}, context=context).model_dump(mode="json", context=context)["path"]

    return record


def test_the_path_is_relative_to_the_project_and_the_digest_to_neither(recorded, tmp_path):
    inside = recorded()
    outside = recorded(tmp_path / "weights", root=tmp_path / "weights" / "inner")
    assert inside["path"] == "weights"
    assert outside == inside


@pytest.mark.parametrize(
    "change",
    [
        lambda root: (root / "a").write_bytes(b"2"),
        lambda root: (root / "inner" / "c").write_bytes(b""),
        lambda root: (root / "a").rename(root / "c"),
        lambda root: (root / "inner" / "b").unlink(),
    ],
    ids=["edited", "added", "renamed", "removed"],
)
def test_any_change_within_changes_the_digest(recorded, tmp_path, change):
    before = recorded()
    change(tmp_path / "weights")
    assert recorded()["digest"] != before["digest"]
