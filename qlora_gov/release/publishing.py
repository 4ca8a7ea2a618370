"""A dataset version goes to a store, and the rows of one come back to a machine that has the ledger alone."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

from qlora_gov.errors import DataError, IntegrityError, UsageError
from qlora_gov.ledger.connection import translated
from qlora_gov.ledger.exports import ROWS, exported_rows_id, restore_rows
from qlora_gov.ledger.parquet import parquet_id
from qlora_gov.plugin.specs import Progress
from qlora_gov.project.workspace import Workspace
from qlora_gov.records import DatasetVersion
from qlora_gov.release.exports import export_version
from qlora_gov.release.hub import SCHEME, HubStore
from qlora_gov.release.stores import ObjectStore
from qlora_gov.reports.dataset.manifest import Manifest
from qlora_gov.verification.exports import exported_manifest


class Store(Protocol):
    """Where versions can be put, and had from."""

    def push(self, folder: Path, manifest: Manifest, progress: Progress) -> str:
        """Upload an exported version; says where it lies now."""
        ...

    def fetch(self, digest: str, name: str, target: Path) -> None:
        """Download a file of a version."""
        ...


def store_at(url: str) -> Store:
    """The store behind a URL. Raises UsageError for one of no known kind."""
    return HubStore(url) if url.startswith(SCHEME) else ObjectStore(url)


def push_version(space: Workspace, version: DatasetVersion, url: str) -> str:
    """Export a version and upload it; says where it lies now. What a killed push had uploaded is not uploaded again.

    Raises what :func:`export_version` and the store do.
    """
    store = store_at(url)
    with _room(space, version) as room:
        folder = room / "export"
        export_version(space, version, folder)
        return store.push(folder, exported_manifest(folder), space.progress)


def pull_version(space: Workspace, version: DatasetVersion, url: str) -> bool:
    """Get the rows of a training set back from a store, checked against the digest on record; whether they were lost.

    Raises:
        UsageError: the version is an evaluation set, whose rows the ledger holds.
        DataError: the store has no such version.
        IntegrityError: the rows there are others; nothing is kept of them.
        StorageError: the store cannot be reached, or the disk is full or not writable.
    """
    if version.role == "evaluation":
        raise UsageError(f"the rows of evaluation version {version.digest} lie in the ledger: there is nothing to pull")
    target = space.dataset(version.digest)
    if _intact(target, version.digest):
        return False
    store = store_at(url)
    with _room(space, version) as room:
        fetched = room / ROWS
        store.fetch(version.digest, ROWS, fetched)
        if exported_rows_id(fetched) != version.digest:
            raise IntegrityError(f"what was pulled are not the rows of version {version.digest}; nothing is kept")
        restore_rows(fetched, target, version.model_dump_json(indent=2))
    return True


@contextmanager
def _room(space: Workspace, version: DatasetVersion) -> Iterator[Path]:
    """A directory for the length of a block; what a killed process left there is there again."""
    room = space.work(version.id)
    with translated(room):
        room.mkdir(parents=True, exist_ok=True)
        try:
            yield room
        finally:
            shutil.rmtree(room, ignore_errors=True)


def _intact(rows: Path, digest: str) -> bool:
    try:
        return parquet_id(rows) == digest
    except DataError:
        return False
