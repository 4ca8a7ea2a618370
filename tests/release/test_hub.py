"""Versions on the Hugging Face hub, as its own client speaks to a server on loopback."""

from __future__ import annotations

import hashlib
import re
import shutil
from pathlib import Path

import pytest

from qlora_gov.errors import DataError, IntegrityError, StorageError, UsageError
from qlora_gov.ledger.parquet import parquet_id
from qlora_gov.project.workspace import Workspace
from qlora_gov.records import DatasetVersion
from qlora_gov.release.publishing import pull_version, push_version
from tests.support.hub import LoopbackHub
from tests.support.versions import space_of, version_of

pytestmark = pytest.mark.filterwarnings("ignore:Use 'content=:DeprecationWarning")  # the client's own call


@pytest.fixture
def space(curated: Path) -> Workspace:
    return space_of(curated)


@pytest.fixture
def version(space: Workspace) -> DatasetVersion:
    return version_of(space)


def test_a_version_is_one_commit_of_a_private_data_set(
    hub: LoopbackHub, space: Workspace, version: DatasetVersion
) -> None:
    told = push_version(space, version, "hub://acme/support")
    (found,) = re.findall(r"^hub://acme/support, revision: ([0-9a-f]{40})$", told)
    repository = hub.repositories["acme/support"]
    assert repository.private
    assert list(repository.commits) == [found]
    assert set(repository.commits[found]) == {
        *("rows.parquet", "origins.parquet", "changes.parquet"),
        *("README.md", "croissant.json", "manifest.json"),
    }
    assert push_version(space, version, "hub://acme/support") == told, "nothing new, no commit"
    assert list(repository.commits) == [found]
    push_version(space, version_of(space, "evaluation"), "hub://acme/support")
    assert len(repository.commits) == 2
    shutil.rmtree(space.state / "datasets")
    with pytest.raises(IntegrityError, match="not the rows of version"):
        pull_version(space, version, "hub://acme/support")
    assert pull_version(space, version, f"hub://acme/support@{found}")
    assert parquet_id(space.dataset(version.digest)) == version.digest


@pytest.mark.parametrize("name", ["rows.parquet", "README.md"])
def test_what_the_hub_states_otherwise_is_told(
    hub: LoopbackHub, name: str, space: Workspace, version: DatasetVersion, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tests.support import hub as module

    def touched(self: module.Repository, changes: dict[str, bytes]) -> str:
        oid = hashlib.sha1(b"touched").hexdigest()
        self.commits[oid] = {**changes, name: b"something else"}
        return oid

    monkeypatch.setattr(module.Repository, "commit", touched)
    with pytest.raises(IntegrityError, match=f"hub://acme/support/{name}: the hub states another content at "):
        push_version(space, version, "hub://acme/support")


def test_what_is_not_there_is_told_in_a_line(hub: LoopbackHub, space: Workspace, version: DatasetVersion) -> None:
    shutil.rmtree(space.state / "datasets")
    for address in ("hub://acme/nothing", f"hub://acme/nothing@{40 * 'a'}"):
        with pytest.raises(DataError, match=f"{address}: no rows.parquet there, or not for this account"):
            pull_version(space, version, address)
    for address in ("hub://acme", "hub://acme/support/more", "hub://acme/support@"):
        with pytest.raises(UsageError, match=f"{address}: write it as hub://owner/name"):
            pull_version(space, version, address)


def test_a_commit_cannot_be_pushed_to(hub: LoopbackHub, space: Workspace, version: DatasetVersion) -> None:
    with pytest.raises(UsageError, match="write hub://acme/support"):
        push_version(space, version, f"hub://acme/support@{40 * 'a'}")
    assert not hub.asked


def test_a_hub_that_cannot_be_reached_is_told_in_a_line(space: Workspace, version: DatasetVersion) -> None:
    with pytest.raises(StorageError, match=r"hub://acme/support: Cannot reach .*offline mode is enabled"):
        push_version(space, version, "hub://acme/support")
