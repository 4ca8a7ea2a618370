from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from qlora_gov.canonical import bytes_id
from qlora_gov.plugin.settings import ProjectFile, Settings


class Rules(Settings):
    rules: ProjectFile
    limit: float = 0.5


@pytest.fixture
def root(tmp_path: Path) -> Path:
    for name in ("project/rules.yaml", "project/data/rules.yaml", "rules.yaml"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name)
    return tmp_path / "project"


def dumped(root: Path, path: str) -> Any:
    context = {"root": root}
    return Rules.model_validate({"rules": path}, context=context).model_dump(mode="json", context=context)["rules"]


@pytest.mark.parametrize(
    ("path", "name", "content"),
    [
        ("rules.yaml", "rules.yaml", b"project/rules.yaml"),
        ("./data/../rules.yaml", "data/../rules.yaml", b"project/rules.yaml"),
        ("data/rules.yaml", "data/rules.yaml", b"project/data/rules.yaml"),
        ("{root}/data/rules.yaml", "data/rules.yaml", b"project/data/rules.yaml"),
        ("../rules.yaml", "../rules.yaml", b"rules.yaml"),
        ("{root}/../rules.yaml", "../rules.yaml", b"rules.yaml"),
        ("{outside}/rules.yaml", "rules.yaml", b"rules.yaml"),
    ],
)
def test_a_file_is_recorded_by_its_digest_and_without_the_machine_s_path(
    root: Path, path: str, name: str, content: bytes
) -> None:
    given = path.format(root=root, outside=root.parent)
    assert dumped(root, given) == {"path": name, "digest": bytes_id(content)}


def test_an_edited_file_is_another_setting(root: Path) -> None:
    before = dumped(root, "rules.yaml")
    (root / "rules.yaml").write_text("edited")
    assert dumped(root, "rules.yaml") == before | {"digest": bytes_id(b"edited")}


@pytest.mark.parametrize("path", ["rule.yaml", "data", ""])
def test_what_is_no_file_is_named_with_where_it_was_looked_for(root: Path, path: str) -> None:
    with pytest.raises(ValidationError, match=f"no such file: {root / path}"):
        Rules.model_validate({"rules": path}, context={"root": root})


def test_a_path_is_relative_to_the_working_directory_without_a_project(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(root)
    assert Rules(rules=Path("rules.yaml")).rules == Path("rules.yaml")


@pytest.mark.parametrize(
    "change", [{"limt": 1}, {"limit": float("nan")}, {"limit": float("inf")}, {"rules": 3}], ids=str
)
def test_settings_refuse_what_they_do_not_know_and_what_cannot_be_recorded(root: Path, change: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        Rules.model_validate({"rules": "rules.yaml", **change}, context={"root": root})
