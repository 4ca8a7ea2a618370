"""Exported versions, derived again from their files alone; each touch of them is told."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import pytest

from qlora_gov.canonical import content_id
from qlora_gov.errors import DataError, IntegrityError, NewerLedgerError
from qlora_gov.ledger import ProblemKind
from qlora_gov.release.exports import export_version
from qlora_gov.reports.dataset.manifest import ExportedFile
from qlora_gov.verification.exports import export_problems, exported_manifest, exported_version
from tests.support.versions import space_of, version_of


@pytest.fixture(scope="module")
def whole(versions: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    space = space_of(versions)
    folder = tmp_path_factory.mktemp("exported") / "whole"
    assert export_version(space, version_of(space), folder)
    return folder


@pytest.fixture
def folder(whole: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(whole, tmp_path / "folder"))


def told(folder: Path) -> list[tuple[ProblemKind, str, str]]:
    problems = export_problems(folder, exported_manifest(folder))
    return [(one.kind, Path(one.where).name, one.what) for one in problems]


def edit(folder: Path, change: Callable[[dict[str, Any]], None]) -> None:
    """Change a manifest, and make it agree with the files that are there."""
    manifest = json.loads((folder / "manifest.json").read_text())
    for name in manifest["files"]:
        manifest["files"][name] = ExportedFile.of(folder / name).model_dump()
    change(manifest)
    (folder / "manifest.json").write_text(json.dumps(manifest))


def test_a_whole_one_is_sound(folder: Path) -> None:
    assert told(folder) == []
    assert exported_version(exported_manifest(folder)).rows > 0


def test_what_file_systems_and_hubs_add_is_passed_over(folder: Path) -> None:
    (folder / ".gitattributes").write_text("*.parquet filter=lfs")
    assert told(folder) == []


def test_a_changed_byte_of_any_file_is_told(folder: Path) -> None:
    for name in exported_manifest(folder).files:
        data = bytearray((folder / name).read_bytes())
        data[len(data) // 2] ^= 1
        (folder / name).write_bytes(data)
        assert told(folder) == [(ProblemKind.TAMPERED, name, "not the size and SHA-256 that the manifest states")]
        data[len(data) // 2] ^= 1
        (folder / name).write_bytes(data)
    assert told(folder) == []


@pytest.mark.parametrize(
    ("name", "column", "value"),
    [("rows", "intent", "x"), ("origins", "source", "elsewhere:1"), ("changes", "reason", "for no reason")],
)
def test_rows_that_were_edited_with_the_manifest_are_told(folder: Path, name: str, column: str, value: str) -> None:
    path = folder / f"{name}.parquet"
    duckdb.sql(f"CREATE TEMP TABLE edited AS FROM '{path}'; UPDATE edited SET {column} = '{value}' WHERE row = 0")
    duckdb.sql(f"COPY edited TO '{path}'; DROP TABLE edited")
    edit(folder, lambda manifest: None)
    assert told(folder) == [(ProblemKind.TAMPERED, path.name, "its rows do not have the digest that the record states")]


def test_a_file_too_few_or_too_many_is_told(folder: Path) -> None:
    (folder / "changes.parquet").unlink()
    (folder / "more.parquet").write_bytes(b"")
    assert told(folder) == [
        (ProblemKind.MISSING, "changes.parquet", "no such file"),
        (ProblemKind.TAMPERED, "more.parquet", "the manifest names no such file"),
    ]
    (folder / "more.parquet").unlink()
    manifest = json.loads((folder / "manifest.json").read_text())
    del manifest["files"]["changes.parquet"]  # whoever leaves the drops out cannot leave out that there were some
    (folder / "manifest.json").write_text(json.dumps(manifest))
    assert told(folder) == [(ProblemKind.MISSING, "changes.parquet", "no such file")]


def test_a_record_that_was_edited_is_told(folder: Path) -> None:
    def other_rows(manifest: dict[str, Any]) -> None:
        manifest["document"]["content"]["rows"] += 1

    edit(folder, other_rows)
    with pytest.raises(IntegrityError, match="its document does not have the id that it states"):
        exported_version(exported_manifest(folder))

    def another_id(manifest: dict[str, Any]) -> None:
        manifest["record"] = content_id(manifest["document"])
        manifest["version"] = "sha256:" + 64 * "0"

    edit(folder, another_id)
    with pytest.raises(IntegrityError, match="its document is of another version"):
        exported_version(exported_manifest(folder))


@pytest.mark.parametrize(
    ("text", "what"),
    [
        (b"", "Expecting value"),
        (b"[]", "Input should be a valid dictionary"),
        (b'{"format": 2}', "format: Input should be 1"),
        (b'{"digest": "sha256:1"}', "version: Field required"),
    ],
)
def test_what_is_no_manifest_is_told_in_a_line(folder: Path, text: bytes, what: str) -> None:
    (folder / "manifest.json").write_bytes(text)
    with pytest.raises(DataError, match=r"manifest\.json: not the manifest of a dataset version: ") as caught:
        exported_manifest(folder)
    assert what in str(caught.value)
    (folder / "manifest.json").unlink()
    with pytest.raises(DataError, match="no exported dataset version"):
        exported_manifest(folder)


def test_a_manifest_leads_nowhere_else(folder: Path) -> None:
    def elsewhere(manifest: dict[str, Any]) -> None:
        manifest["files"]["../mine"] = manifest["files"]["rows.parquet"]

    edit(folder, elsewhere)
    with pytest.raises(DataError, match=r"files\.\.\./mine\.\[key\]: String should match pattern"):
        exported_manifest(folder)


def test_what_a_later_version_wrote_is_told_as_that(folder: Path) -> None:
    def later(manifest: dict[str, Any]) -> None:
        manifest["document"]["content"]["colour"] = "blue"
        manifest["record"] = content_id(manifest["document"])

    edit(folder, later)
    with pytest.raises(NewerLedgerError, match="was written by a newer version of qlora-gov"):
        exported_version(exported_manifest(folder))
