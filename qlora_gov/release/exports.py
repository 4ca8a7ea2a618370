"""A dataset version leaves the workspace: as a directory that a person without the project can read and check."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from pathlib import Path

from qlora_gov.canonical import parse_json
from qlora_gov.errors import DataError, IntegrityError, UsageError
from qlora_gov.ledger import Entry
from qlora_gov.ledger.connection import translated
from qlora_gov.ledger.exports import export_tables
from qlora_gov.ledger.reading import held
from qlora_gov.project.workspace import Workspace
from qlora_gov.records import DatasetVersion
from qlora_gov.reports.dataset.croissant import croissant_json
from qlora_gov.reports.dataset.data_card import render_data_card
from qlora_gov.reports.dataset.description import described
from qlora_gov.reports.dataset.manifest import MANIFEST, ExportedFile, Manifest, manifest_json
from qlora_gov.verification.exports import export_problems, exported_manifest


def export_version(space: Workspace, version: DatasetVersion, target: Path) -> bool:
    """Write a version's files to a new directory, whole or not at all; whether it had to be written.

    The same version that is there already, whole, is left as it is.

    Raises:
        UsageError: something else is there.
        DataError: the rows of a training set are not here.
        IntegrityError: the rows are not those on record; nothing was written.
        StorageError: the disk is full or not writable.
    """
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        _refuse_other(version, target)
        return False
    rows = space.dataset(version.digest)
    if version.role == "training" and not rows.is_file():
        raise DataError(f"no such file: {rows}; 'data pull' gets it from a store, 'data build' makes it again")
    with translated(target):
        target.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".new-", dir=target.parent) as work:
            draft = Path(work, "export")
            draft.mkdir()
            manifest = _write(space, space.ledger.get(version.id), draft)
            if problems := list(export_problems(draft, manifest)):
                raise IntegrityError(*(f"{Path(one.where).name}: {one.what}" for one in problems))
            draft.replace(target)
    return True


def _write(space: Workspace, entry: Entry, folder: Path) -> Manifest:
    version = held(entry, DatasetVersion)
    export_tables(space.ledger, entry, space.dataset(version.digest), folder)
    description = described(version, space.project.about.title, entry.at)
    tables = _files(folder)
    (folder / "croissant.json").write_text(croissant_json(description, tables), encoding="utf-8")
    (folder / "README.md").write_text(render_data_card(description, space.templates), encoding="utf-8")
    manifest = Manifest(
        version=version.digest,
        record=version.id,
        recorded=entry.at,
        document=parse_json(space.ledger.document(entry)),
        files=_files(folder),
    )
    (folder / MANIFEST).write_text(manifest_json(manifest), encoding="utf-8")
    return manifest


def _files(folder: Path) -> Mapping[str, ExportedFile]:
    return {path.name: ExportedFile.of(path) for path in sorted(folder.iterdir())}


def _refuse_other(version: DatasetVersion, target: Path) -> None:
    """Raise UsageError unless a directory holds the version, whole."""
    try:
        manifest = exported_manifest(target)
        if manifest.record != version.id:
            raise UsageError(f"{target} is there already, with version {manifest.version}; name a new directory")
        problem = next(export_problems(target, manifest), None)
    except (DataError, IntegrityError) as error:
        raise UsageError(f"{target} is there already; name a new directory: {error}") from error
    if problem is not None:
        what = f"{problem.where}: {problem.what}"
        raise UsageError(f"{target} is there already, but not as it was written; remove it first: {what}")
