"""Settings that name files of rows, one or several, by paths, patterns and URLs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import fsspec
import pytest
from pydantic import Field, ValidationError

from qlora_gov import DataFile, DataFiles, Settings
from qlora_gov.canonical import bytes_id, tree_id


class One(Settings):
    sha256: str | None = Field(default=None, exclude=True)
    path: DataFile


class Several(Settings):
    sha256: str | None = Field(default=None, exclude=True)
    path: DataFiles


@pytest.fixture
def root(tmp_path: Path) -> Path:
    for name in (
        "a.txt",
        "chats/b.txt",
        "chats/deep/a.txt",
        "chats/.hidden",
        "chats/.git/x.txt",
        "chats/c.md",
        "x[1].txt",
    ):
        for folder in ("project", "elsewhere"):
            path = tmp_path / folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(f"{folder} {name}")
    return tmp_path / "project"


def bound(model: type[Settings], root: Path, path: Any, **settings: Any) -> Any:
    return model.model_validate({"path": path, **settings}, context={"root": root})


@pytest.mark.parametrize(
    ("path", "names"),
    [
        ("a.txt", ["a.txt"]),
        ("x[1].txt", ["x[1].txt"]),
        ("chats", ["chats/b.txt", "chats/c.md", "chats/deep/a.txt"]),
        ("chats/*.txt", ["chats/b.txt"]),
        ("chats/**/*.txt", ["chats/b.txt", "chats/deep/a.txt"]),
        ("**/a.txt", ["a.txt", "chats/deep/a.txt"]),
        ("../elsewhere/chats/*.md", ["../elsewhere/chats/c.md"]),
        ("{outside}/chats", ["chats/b.txt", "chats/c.md", "chats/deep/a.txt"]),
        ("{outside}/chats/**/*.txt", ["chats/b.txt", "chats/deep/a.txt"]),
        ("{outside}/a.txt", ["a.txt"]),
    ],
)
def test_files_are_named_by_their_paths_from_the_project(path: str, names: list[str], root: Path) -> None:
    settings = bound(Several, root, path.format(outside=root.parent / "elsewhere"))
    assert [file.name for file in settings.path.files] == names
    for file in settings.path.files:
        assert file.path.read_text().endswith(file.name.removeprefix("../elsewhere/"))
        assert file.digest == bytes_id(file.path.read_bytes())


def test_files_are_recorded_by_what_was_named_and_a_digest_of_names_and_bytes(root: Path) -> None:
    def recorded(model: type[Settings], path: str) -> Any:
        return bound(model, root, path).model_dump(mode="json")["path"]

    alone = {"path": "a.txt", "digest": bytes_id(b"project a.txt")}
    assert recorded(One, "a.txt") == recorded(Several, "a.txt") == alone
    texts = {"chats/b.txt": bytes_id(b"project chats/b.txt"), "chats/deep/a.txt": bytes_id(b"project chats/deep/a.txt")}
    assert recorded(Several, "chats/**/*.txt") == {"path": "chats/**/*.txt", "digest": tree_id(texts)}
    before = recorded(Several, "chats")
    (root / "chats" / "c.md").write_text("edited")
    assert recorded(Several, "chats")["digest"] != before["digest"]


def test_a_url_is_recorded_without_its_query_and_a_pin_is_not(root: Path) -> None:
    with fsspec.open("memory://bucket/rows.jsonl", "wb") as stream:
        stream.write(b"{}")
    for model in (One, Several):
        for settings in ({}, {"sha256": bytes_id(b"{}")}, {"sha256": bytes_id(b"{}").removeprefix("sha256:")}):
            found = bound(model, root, "memory://bucket/rows.jsonl", **settings)
            recorded = {"path": {"path": "memory://bucket/rows.jsonl", "digest": bytes_id(b"{}")}}
            assert found.model_dump(mode="json") == recorded
    assert list((root / ".qlora_gov" / "fetched").rglob("rows.jsonl"))


@pytest.mark.parametrize(
    ("model", "path", "said"),
    [
        (One, "none.txt", "no such file: {root}/none.txt"),
        (One, "chats", "no such file: {root}/chats"),
        (One, 3, "should be a path or a URL"),
        (Several, None, "should be a path or a URL"),
        (Several, "none", "no such file or directory: {root}/none"),
        (Several, "none/*.txt", "no file is at {root}/none/*.txt"),
        (One, "https://a:b@c/d.jsonl", "holds a user or a password"),
        (One, "https://example.com/", "https://example.com/ names no file"),
    ],
)
def test_what_names_no_file_is_refused(model: type[Settings], path: Any, said: str, root: Path) -> None:
    with pytest.raises(ValidationError) as caught:
        bound(model, root, path)
    assert said.format(root=root) in str(caught.value)


@pytest.mark.parametrize(("model", "path"), [(One, "a.txt"), (Several, "a.txt"), (Several, "chats")])
def test_a_pin_refuses_other_bytes(model: type[Settings], path: str, root: Path) -> None:
    digest = bound(model, root, path).path.digest
    assert bound(model, root, path, sha256=digest).path.digest == digest
    with pytest.raises(ValidationError, match=f"{path} has the digest {digest}, and 'sha256' asks for {bytes_id(b'')}"):
        bound(model, root, path, sha256=bytes_id(b""))
