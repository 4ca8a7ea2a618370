"""The Hugging Face hub: what is pushed is the files of one commit of a data set there, or of a model."""

from __future__ import annotations

import hashlib
import re
import shutil
from pathlib import Path
from typing import Literal

from qlora_gov.canonical import file_id
from qlora_gov.errors import DataError, IntegrityError, MissingExtraError, UsageError
from qlora_gov.plugin.specs import Progress
from qlora_gov.release.stores import reaching
from qlora_gov.reports.dataset.manifest import MANIFEST, Manifest

SCHEME = "hub://"
_ADDRESS = re.compile(r"hub://(?P<name>[\w.-]+/[\w.-]+)(?:@(?P<revision>[\w./-]+))?", re.ASCII)


class HubStore:
    """A data set or model of the hub, ``hub://owner/name``, or one of its commits, ``hub://owner/name@COMMIT``."""

    def __init__(self, address: str, kind: Literal["dataset", "model"] = "dataset") -> None:
        """Raises UsageError for any other address, MissingExtraError where huggingface_hub is not installed."""
        found = _ADDRESS.fullmatch(address)
        if found is None:
            raise UsageError(f"{address}: write it as hub://owner/name, or hub://owner/name@COMMIT to pull")
        self._address, self._name, self._revision = address, found["name"], found["revision"]
        try:
            from huggingface_hub import HfApi
        except ImportError as error:
            raise MissingExtraError('the hub needs huggingface_hub; run: pip install "qlora-gov[data]"') from error
        self._hub, self._kind = HfApi(), kind

    def push(self, folder: Path, manifest: Manifest, progress: Progress) -> str:
        """Upload a directory as one commit, and compare what the hub says of it; which commit of what it is.

        What is not there yet is created, and is private. Files that are there already are not uploaded again.

        Raises:
            UsageError: the address names a commit, and no commit can be changed.
            IntegrityError: the hub states other sizes or hashes than those of the files.
            StorageError: the hub cannot be reached, or does not let this account write there.
        """
        if self._revision is not None:
            raise UsageError(f"{self._address}: a push makes a commit of its own; write hub://{self._name}")
        progress.begin("pushing", 1)
        with reaching(self._address):
            self._hub.create_repo(self._name, repo_type=self._kind, private=True, exist_ok=True)
            message = f"Version {manifest.version}"
            commit = self._hub.upload_folder(
                repo_id=self._name, folder_path=folder, repo_type=self._kind, commit_message=message
            )
            self._compare(folder, [*manifest.files, MANIFEST], commit.oid)
        progress.advance(1)
        return f"{self._address}, revision: {commit.oid}"

    def fetch(self, digest: str, name: str, target: Path) -> None:
        """Download a file of a version. Raises DataError where it is not there, StorageError where nothing answers."""
        from huggingface_hub.errors import EntryNotFoundError, RepositoryNotFoundError, RevisionNotFoundError

        with reaching(self._address):
            try:
                found = self._hub.hf_hub_download(self._name, name, repo_type=self._kind, revision=self._revision)
            except (EntryNotFoundError, RepositoryNotFoundError, RevisionNotFoundError) as error:
                raise DataError(f"{self._address}: no {name} there, or not for this account") from error
            shutil.copyfile(found, target)

    def _compare(self, folder: Path, names: list[str], revision: str) -> None:
        """Hold what the hub states of a commit's files against the files: large ones have a SHA-256, others git's."""
        from huggingface_hub import RepoFile

        told = self._hub.get_paths_info(self._name, names, revision=revision, repo_type=self._kind)
        stated = {one.path: one for one in told if isinstance(one, RepoFile)}
        for name in names:
            one = stated.get(name)
            if one is not None and one.lfs is not None:
                same = f"sha256:{one.lfs.sha256}" == file_id(folder / name)
            else:
                data = (folder / name).read_bytes()
                blob = hashlib.sha1(b"blob %d\0" % len(data) + data, usedforsecurity=False).hexdigest()
                same = one is not None and one.blob_id == blob
            if not same:
                raise IntegrityError(f"{self._address}/{name}: the hub states another content at {revision}")
