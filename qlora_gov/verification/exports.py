"""An exported dataset version, derived again from its files alone: neither project nor ledger is needed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from qlora_gov.canonical import bytes_id, canonical_json
from qlora_gov.errors import DataError, IntegrityError
from qlora_gov.ledger import Problem, ProblemKind
from qlora_gov.ledger.entry import Line, entry_of
from qlora_gov.ledger.exports import CHANGES, ORIGINS, ROWS, exported_rows_id, exported_table_id
from qlora_gov.ledger.reading import held
from qlora_gov.records import DatasetVersion
from qlora_gov.reports.dataset.manifest import MANIFEST, ExportedFile, Manifest, parsed_manifest


def exported_manifest(folder: Path) -> Manifest:
    """The manifest of an exported version. Raises DataError where there is none."""
    try:
        text = (folder / MANIFEST).read_bytes()
    except OSError as error:
        raise DataError(f"{folder}: no exported dataset version: {MANIFEST}: {error.strerror}") from error
    return parsed_manifest(text, str(folder / MANIFEST))


def exported_version(manifest: Manifest) -> DatasetVersion:
    """The record in a manifest.

    Raises IntegrityError where it does not have the id and the digest that are stated, NewerLedgerError where this
    version does not know all of it.
    """
    stored = canonical_json(dict(manifest.document)).decode()
    if bytes_id(stored.encode()) != manifest.record or manifest.document.get("kind") != DatasetVersion.kind:
        raise IntegrityError(f"{MANIFEST}: its document does not have the id that it states")
    line = Line(0, DatasetVersion.kind, manifest.record, None, stored, manifest.recorded, "{}", "", "")
    version = held(entry_of(line), DatasetVersion)
    if version.digest != manifest.version:
        raise IntegrityError(f"{MANIFEST}: its document is of another version")
    return version


def export_problems(folder: Path, manifest: Manifest) -> Iterator[Problem]:
    """What is wrong with the files of an exported version: each is held against its hash, tables against the record.

    Raises what :func:`exported_version` does.
    """
    yield from _problems(folder, manifest, dict(_tables(exported_version(manifest))))


def published_problems(folder: Path, manifest: Manifest) -> Iterator[Problem]:
    """What is wrong with the files of a published adapter: each is held against its hash, and there are no others."""
    if bytes_id(canonical_json(dict(manifest.document))) != manifest.record:
        yield Problem(ProblemKind.TAMPERED, str(folder / MANIFEST), "its document does not have the id that it states")
    yield from _problems(folder, manifest, {})


def _problems(
    folder: Path, manifest: Manifest, tables: Mapping[str, tuple[str, Callable[[Path], str]]]
) -> Iterator[Problem]:
    found = {path.name for path in folder.iterdir() if not path.name.startswith(".")} - {MANIFEST}
    for name in sorted({*found, *manifest.files, *tables}):
        path = folder / name
        if name not in found:
            yield Problem(ProblemKind.MISSING, str(path), "no such file")
        elif name not in manifest.files:
            yield Problem(ProblemKind.TAMPERED, str(path), "the manifest names no such file")
        elif ExportedFile.of(path) != manifest.files[name]:
            yield Problem(ProblemKind.TAMPERED, str(path), "not the size and SHA-256 that the manifest states")
        elif name in tables and not _gives(path, *tables[name]):
            yield Problem(ProblemKind.TAMPERED, str(path), "its rows do not have the digest that the record states")


def _tables(version: DatasetVersion) -> Iterator[tuple[str, tuple[str, Callable[[Path], str]]]]:
    """The tables of a version that have a digest on record, and what derives it from a file."""
    yield ROWS, (version.digest, exported_rows_id)
    for name, digest in ((ORIGINS, version.origins), (CHANGES, version.changes)):
        if digest is not None:
            yield name, (digest, lambda path: exported_table_id(path, path.stem))


def _gives(path: Path, digest: str, derived: Callable[[Path], str]) -> bool:
    try:
        return derived(path) == digest
    except DataError:
        return False
