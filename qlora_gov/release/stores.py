"""Object stores, by way of fsspec: what is pushed lies there under its digest, and its manifest comes last.

So what a killed push leaves looks like no version, and pushing again goes on.
"""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from qlora_gov.canonical import short_id
from qlora_gov.errors import DataError, GovError, IntegrityError, MissingExtraError, StorageError, UsageError
from qlora_gov.ledger import Problem
from qlora_gov.plugin.fetching import without_secrets
from qlora_gov.plugin.specs import Progress
from qlora_gov.reports.dataset.manifest import MANIFEST, ExportedFile, Manifest, parsed_manifest
from qlora_gov.text import one_line
from qlora_gov.verification.exports import export_problems

Derivation = Callable[[Path, Manifest], Iterator[Problem]]
"""What says what is wrong with a directory and the manifest in it."""

_BLOCK = 1 << 20


class ObjectStore:
    """The store behind a URL that fsspec knows, such as ``s3://bucket/prefix`` or ``file:///srv/data``."""

    def __init__(self, url: str, problems: Derivation = export_problems) -> None:
        """``problems`` derives anew what is there already.

        Raises UsageError for a URL of no known kind, MissingExtraError where its library is not installed.
        """
        self._problems = problems
        try:
            self._shown = without_secrets(url.rstrip("/"))
        except ValueError as error:
            raise UsageError(f"the URL of the store {error}") from error
        try:
            from fsspec.core import url_to_fs
        except ImportError as error:
            raise MissingExtraError('stores need fsspec, not installed; run: pip install "qlora-gov[data]"') from error
        with reaching(self._shown):
            try:
                self._files, root = url_to_fs(url)
            except ValueError as error:
                raise UsageError(f"{self._shown}: {one_line(str(error))}") from error
        self._root = root.rstrip("/")

    def push(self, folder: Path, manifest: Manifest, progress: Progress) -> str:
        """Upload an exported version, and read it back; where it lies now.

        Where it is there already, whole, nothing is uploaded.

        Raises:
            UsageError: these rows are there already, with another lineage.
            IntegrityError: what can be read there is not what was uploaded.
            StorageError: the store cannot be reached or written.
        """
        place = f"{self._shown}/{short_id(manifest.version, 64)}"
        progress.begin("pushing", len(manifest.files) + 1)
        with reaching(place):
            held = self._manifest(manifest.version)
            if held is not None:
                if held.record != manifest.record:
                    raise UsageError(f"{place}: the same rows are there with another lineage, of record {held.record}")
                self._derive(held, place, folder.parent)
                return place
            for name in sorted(manifest.files, key=lambda name: not name.endswith(".parquet")):
                if self._stated(manifest.version, name) != manifest.files[name]:
                    self._put(folder / name, manifest.version)
                    if self._stated(manifest.version, name) != manifest.files[name]:
                        raise IntegrityError(f"{place}/{name}: what can be read there is not what was uploaded")
                progress.advance(1, name)
            self._put(folder / MANIFEST, manifest.version)
            if self._manifest(manifest.version) != manifest:
                raise IntegrityError(f"{place}/{MANIFEST}: what can be read there is not what was uploaded")
            progress.advance(1, MANIFEST)
        return place

    def fetch(self, digest: str, name: str, target: Path) -> None:
        """Download a file of a version. Raises DataError where it is not there, StorageError where nothing answers."""
        place = f"{self._shown}/{short_id(digest, 64)}/{name}"
        with reaching(place):
            try:
                self._files.get_file(self._path(digest, name), str(target))
            except FileNotFoundError as error:
                raise DataError(f"{place}: no such file; 'qlora-gov data push' puts it there") from error

    def _derive(self, held: Manifest, place: str, work: Path) -> None:
        """Derive what is there again, from its own files: another release may have written them."""
        with tempfile.TemporaryDirectory(dir=work) as copy:
            for name in held.files:
                if self._files.exists(self._path(held.version, name)):
                    self.fetch(held.version, name, Path(copy, name))
            for problem in self._problems(Path(copy), held):
                raise IntegrityError(
                    f"{place}/{Path(problem.where).name}: {problem.what}; delete this version there and push again"
                )

    def _path(self, digest: str, name: str) -> str:
        return f"{self._root}/{short_id(digest, 64)}/{name}"

    def _put(self, file: Path, digest: str) -> None:
        from fsspec.implementations.local import LocalFileSystem

        path = self._path(digest, file.name)
        if isinstance(
            self._files, LocalFileSystem
        ):  # elsewhere are no directories, and S3 takes the first for a bucket
            self._files.makedirs(path.rpartition("/")[0], exist_ok=True)
        self._files.put_file(str(file), path)

    def _stated(self, digest: str, name: str) -> ExportedFile | None:
        """The size and hash of what can be read there."""
        hashed, size = hashlib.sha256(), 0
        self._files.invalidate_cache()
        try:
            with self._files.open(self._path(digest, name), "rb") as stream:
                while block := stream.read(_BLOCK):
                    hashed.update(block)
                    size += len(block)
        except FileNotFoundError:
            return None
        return ExportedFile(sha256=hashed.hexdigest(), bytes=size)

    def _manifest(self, digest: str) -> Manifest | None:
        """The manifest of a version that is there whole; one that was cut short is none."""
        self._files.invalidate_cache()
        try:
            return parsed_manifest(self._files.cat_file(self._path(digest, MANIFEST)), self._shown)
        except (FileNotFoundError, DataError):
            return None


@contextmanager
def reaching(place: str) -> Iterator[None]:
    """Turn whatever a store's library raises within a block into one line that says ``place``."""
    try:
        yield
    except GovError:
        raise
    except ImportError as error:
        raise MissingExtraError(f"{place}: {one_line(str(error))}") from error
    # What comes depends on the network, the account and the library.
    except Exception as error:
        raise StorageError(f"{place}: {one_line(str(error)) or type(error).__name__}") from error
