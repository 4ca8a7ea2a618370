"""Versions in object stores, as fsspec reaches them: files, memory, and S3 of a server on loopback."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import fsspec
import pytest

from qlora_gov.canonical import short_id
from qlora_gov.errors import DataError, IntegrityError, MissingExtraError, StorageError, UsageError
from qlora_gov.ledger.parquet import parquet_id
from qlora_gov.pipeline.pipeline import Pipeline
from qlora_gov.project.workspace import Workspace
from qlora_gov.records import DatasetVersion
from qlora_gov.release.publishing import pull_version, push_version
from qlora_gov.release.stores import ObjectStore
from tests.support.versions import space_of, version_of

FILES = {"rows.parquet", "origins.parquet", "changes.parquet", "README.md", "croissant.json", "manifest.json"}


@pytest.fixture(scope="module")
def s3() -> Iterator[str]:
    """The endpoint of a server that speaks S3."""
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    yield "http://{}:{}".format(*server.get_host_and_port())
    server.stop()


@pytest.fixture
def url(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """An empty place of a kind: file, memory or s3."""
    match getattr(request, "param", "file"):
        case "file":
            yield f"file://{tmp_path}/store/data"
        case "memory":
            yield "memory://store/data"
            fsspec.filesystem("memory").rm("/store", recursive=True)
        case "s3":
            monkeypatch.setenv("AWS_ENDPOINT_URL", request.getfixturevalue("s3"))
            monkeypatch.setenv("AWS_ACCESS_KEY_ID", "loopback")
            monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "loopback")
            monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
            files = fsspec.filesystem("s3")
            files.mkdir("bucket")
            yield "s3://bucket/data"
            files.rm("bucket", recursive=True)


@pytest.fixture
def space(curated: Path) -> Workspace:
    return space_of(curated)


@pytest.fixture
def version(space: Workspace) -> DatasetVersion:
    return version_of(space)


def there(url: str, version: DatasetVersion) -> dict[str, bytes]:
    """What a store holds of a version, by name."""
    files, root = fsspec.core.url_to_fs(url)
    files.invalidate_cache()
    try:
        return {Path(path).name: files.cat_file(path) for path in files.find(f"{root}/{short_id(version.digest, 64)}")}
    except FileNotFoundError:
        return {}


@pytest.mark.parametrize("url", ["file", "memory", "s3"], indirect=True)
def test_a_version_is_pushed_whole_and_its_rows_come_back(url: str, space: Workspace, version: DatasetVersion) -> None:
    assert push_version(space, version, url) == f"{url}/{short_id(version.digest, 64)}"
    held = there(url, version)
    assert set(held) == FILES
    manifest = json.loads(held["manifest.json"])
    assert manifest["record"] == version.id
    assert {name: len(held[name]) for name in manifest["files"]} == {
        name: file["bytes"] for name, file in manifest["files"].items()
    }
    rows = space.dataset(version.digest)
    shutil.rmtree(space.state / "datasets")
    assert pull_version(space, version, url)
    assert parquet_id(rows) == version.digest
    assert not pull_version(space, version, url), "they are here"
    assert sorted(path.name for path in space.state.iterdir()) == ["datasets", "ledger.duckdb", "work"]
    assert not list((space.state / "work").iterdir())


@pytest.mark.parametrize("url", ["file", "s3"], indirect=True)
def test_pushing_again_uploads_nothing(
    url: str, space: Workspace, version: DatasetVersion, monkeypatch: pytest.MonkeyPatch
) -> None:
    push_version(space, version, url)
    monkeypatch.setattr(ObjectStore, "_put", lambda *_: pytest.fail("it was there"))
    push_version(space, version, url)


@pytest.mark.parametrize(("url", "kills"), [*(("file", at) for at in range(6)), ("s3", 5)], indirect=["url"])
def test_what_a_killed_push_leaves_is_no_version_and_is_gone_on_with(
    url: str, kills: int, space: Workspace, version: DatasetVersion, monkeypatch: pytest.MonkeyPatch
) -> None:
    put, done = ObjectStore._put, []

    def killed(self: ObjectStore, file: Path, digest: str) -> None:
        if len(done) == kills:
            half = file.with_name(f"{file.name}.half")
            half.write_bytes(file.read_bytes()[: file.stat().st_size // 2])
            if url.startswith("file:"):  # of S3, a file appears once it is whole
                self._files.makedirs(self._path(digest, "")[:-1], exist_ok=True)
                self._files.put_file(str(half), self._path(digest, file.name))
            half.unlink()
            raise KeyboardInterrupt
        done.append(file.name)
        put(self, file, digest)

    monkeypatch.setattr(ObjectStore, "_put", killed)
    with pytest.raises(KeyboardInterrupt):
        push_version(space, version, url)
    assert [name for name in done if not name.endswith(".parquet")] == done[3:], "rows first"
    with pytest.raises((ValueError, KeyError)):
        json.loads(there(url, version)["manifest.json"])
    again: list[str] = []
    monkeypatch.setattr(ObjectStore, "_put", lambda *given: (again.append(given[1].name), put(*given)))
    push_version(space, version, url)
    assert sorted([*done, *again]) == sorted(FILES), "no file twice"
    assert set(there(url, version)) == FILES


KILLED = """
import os, signal, sys
from qlora_gov.cli.main import start
from qlora_gov.release.stores import ObjectStore

put = ObjectStore._put

def killed(self, file, digest):
    put(self, file, digest)
    if file.name == "rows.parquet":
        os.kill(os.getpid(), signal.SIGKILL)

ObjectStore._put = killed
start(sys.argv[1:])
"""


def test_a_process_that_is_killed_leaves_nothing_that_stands_in_the_way(
    tmp_path: Path, curated: Path, space: Workspace, version: DatasetVersion
) -> None:
    url = f"file://{tmp_path}/store"
    command = [sys.executable, "-c", KILLED, "data", "--project", str(curated), "push", "--to", url]
    ended = subprocess.run(command, check=False, capture_output=True, env=dict(os.environ))
    assert ended.returncode == -signal.SIGKILL
    assert set(there(url, version)) == {"changes.parquet", "origins.parquet", "rows.parquet"}
    push_version(space, version, url)
    assert set(there(url, version)) == FILES
    assert not list((space.state / "work").iterdir())


def test_the_same_rows_with_another_lineage_are_refused(
    url: str, space: Workspace, curated: Path, version: DatasetVersion
) -> None:
    push_version(space, version, url)
    before = there(url, version)
    lines = (curated / "more.jsonl").read_text().splitlines()
    (curated / "more.jsonl").write_text("\n".join(reversed(lines)) + "\n")
    _, other = Pipeline(space).datasets()
    assert (other.digest, other.id != version.id) == (version.digest, True)
    with pytest.raises(UsageError, match=f"the same rows are there with another lineage, of record {version.id}"):
        push_version(space, other, url)
    assert not list((space.state / "work").iterdir()), "no copy of the rows is left"
    assert there(url, version) == before


def test_a_store_whose_files_were_touched_is_told(url: str, space: Workspace, version: DatasetVersion) -> None:
    push_version(space, version, url)
    files, root = fsspec.core.url_to_fs(url)
    path = f"{root}/{short_id(version.digest, 64)}/rows.parquet"
    data = bytearray(files.cat_file(path))
    data[len(data) // 2] ^= 1
    files.pipe_file(path, bytes(data))
    with pytest.raises(IntegrityError, match=r"rows\.parquet: not the size and SHA-256 that the manifest states"):
        push_version(space, version, url)
    files.rm_file(f"{path.rpartition('/')[0]}/README.md")
    with pytest.raises(IntegrityError, match=r"README\.md: no such file; delete this version there and push again"):
        push_version(space, version, url)
    shutil.rmtree(space.state / "datasets")
    with pytest.raises((IntegrityError, DataError)):
        pull_version(space, version, url)
    assert not space.dataset(version.digest).exists()


def test_rows_of_another_version_are_not_taken_for_these(
    tmp_path: Path, space: Workspace, version: DatasetVersion
) -> None:
    url = f"file://{tmp_path}/store"
    other = version_of(space, "evaluation")
    push_version(space, other, url)
    (tmp_path / "store" / short_id(other.digest, 64)).rename(tmp_path / "store" / short_id(version.digest, 64))
    shutil.rmtree(space.state / "datasets")
    with pytest.raises(IntegrityError, match=f"not the rows of version {version.digest}"):
        pull_version(space, version, url)
    assert not space.dataset(version.digest).exists()


def test_an_upload_that_changes_on_the_way_has_no_manifest(
    tmp_path: Path, space: Workspace, version: DatasetVersion, monkeypatch: pytest.MonkeyPatch
) -> None:
    put = ObjectStore._put

    def changed(self: ObjectStore, file: Path, digest: str) -> None:
        put(self, file, digest)
        self._files.pipe_file(self._path(digest, file.name), b"something else")

    monkeypatch.setattr(ObjectStore, "_put", changed)
    url = f"file://{tmp_path}/store"
    with pytest.raises(IntegrityError, match="what can be read there is not what was uploaded"):
        push_version(space, version, url)
    assert "manifest.json" not in there(url, version)


def test_what_cannot_be_reached_is_told_in_a_line(tmp_path: Path, space: Workspace, version: DatasetVersion) -> None:
    with pytest.raises(UsageError, match="nowhere://x: Protocol not known: nowhere"):
        push_version(space, version, "nowhere://x")
    with pytest.raises(MissingExtraError, match="gs://bucket/data: Please install gcsfs"):
        push_version(space, version, "gs://bucket/data")
    (tmp_path / "file").touch()
    with pytest.raises(StorageError, match=f"file://{tmp_path}/file/"):
        push_version(space, version, f"file://{tmp_path}/file")
    with pytest.raises(UsageError, match="lie in the ledger: there is nothing to pull"):
        pull_version(space, version_of(space, "evaluation"), "memory://x")
    shutil.rmtree(space.state / "datasets")
    with pytest.raises(DataError, match=r"rows\.parquet: no such file; 'qlora-gov data push' puts it there"):
        pull_version(space, version, f"file://{tmp_path}/nowhere")


def test_a_password_in_an_address_is_refused_and_not_printed() -> None:
    with pytest.raises(UsageError, match="holds a user or a password") as caught:
        ObjectStore("memory://user:secret@store/data")
    assert "secret" not in str(caught.value)
