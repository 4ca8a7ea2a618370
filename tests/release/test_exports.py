from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from qlora_gov.errors import DataError, IntegrityError, StorageError, UsageError
from qlora_gov.ledger.parquet import read_parquet, write_parquet
from qlora_gov.release.exports import export_version
from tests.support.golden import TRAINED, laid_out
from tests.support.versions import HOSTILE, space_of, version_of


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_the_same_version_gives_the_same_bytes_and_is_not_written_twice(versions: Path, tmp_path: Path) -> None:
    space = space_of(versions)
    version = version_of(space)
    assert export_version(space, version, tmp_path / "one")
    assert export_version(space, version, tmp_path / "deep" / "two")
    assert contents(tmp_path / "one") == contents(tmp_path / "deep" / "two")
    before = (tmp_path / "one" / "rows.parquet").stat().st_mtime_ns
    assert not export_version(space, version, tmp_path / "one")
    assert (tmp_path / "one" / "rows.parquet").stat().st_mtime_ns == before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["deep", "one"], "nothing unfinished is left"
    (tmp_path / "empty").mkdir()
    assert export_version(space, version, tmp_path / "empty")


def test_no_text_of_a_row_that_was_dropped_leaves(versions: Path, tmp_path: Path) -> None:
    space = space_of(versions)
    export_version(space, version_of(space), tmp_path / "out")
    dropped = read_parquet(tmp_path / "out" / "changes.parquet")
    assert {"exact duplicate", "answer over max_words"} <= set(dropped["reason"])
    assert all(b"word word" not in data for data in contents(tmp_path / "out").values())
    texts = [str(text) for name, column in dropped.items() if name != "row" for text in column]
    assert not [text for text in texts if HOSTILE in text]


def test_something_else_that_is_there_is_never_overwritten(versions: Path, tmp_path: Path) -> None:
    space = space_of(versions)
    version, other = version_of(space), version_of(space, "evaluation")
    export_version(space, other, tmp_path / "other")
    with pytest.raises(UsageError, match=f"is there already, with version {other.digest}"):
        export_version(space, version, tmp_path / "other")
    (tmp_path / "notes").mkdir()
    (tmp_path / "notes" / "mine.txt").touch()
    with pytest.raises(
        UsageError, match=r"notes is there already; name a new directory: .*no exported dataset version"
    ):
        export_version(space, version, tmp_path / "notes")
    with pytest.raises(UsageError, match=r"mine\.txt is there already"):
        export_version(space, version, tmp_path / "notes" / "mine.txt")
    (tmp_path / "other" / "README.md").write_text("mine")
    with pytest.raises(UsageError, match=r"not as it was written; remove it first: .*README\.md"):
        export_version(space, other, tmp_path / "other")
    assert (tmp_path / "other" / "README.md").read_text() == "mine"


def test_rows_that_are_lost_or_edited_are_not_exported(curated: Path, tmp_path: Path) -> None:
    space = space_of(curated)
    version = version_of(space)
    rows = space.dataset(version.digest)
    table = dict(read_parquet(rows))
    table["intent"] = ["edited", *list(table["intent"])[1:]]
    write_parquet(rows, table)
    with pytest.raises(IntegrityError, match=r"^rows\.parquet: its rows do not have the digest"):
        export_version(space, version, tmp_path / "out")
    shutil.rmtree(rows.parent)
    with pytest.raises(DataError, match="'data pull' gets it from a store, 'data build' makes it again"):
        export_version(space, version, tmp_path / "out")
    assert not (tmp_path / "out").exists()
    with pytest.raises(StorageError, match="cannot be written"):
        export_version(space, version_of(space, "evaluation"), Path("/proc/nowhere/out"))


@pytest.mark.parametrize("role", ["training", "evaluation"])
def test_a_version_of_the_first_release_is_exported_under_its_own_id(tmp_path: Path, role: str) -> None:
    space = space_of(laid_out(TRAINED[0], tmp_path / "golden").root)
    assert export_version(space, version_of(space, role), tmp_path / "out"), "it was checked before it was there"
    assert "before every dropped row was put on record" in (tmp_path / "out" / "README.md").read_text()
