"""Where the files beside the ledger lie, and whether they still have the digests that its records state."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from qlora_gov.canonical import file_id, short_id, tree_id
from qlora_gov.errors import DataError
from qlora_gov.ledger.entry import Entry, place
from qlora_gov.ledger.parquet import parquet_id
from qlora_gov.ledger.problems import Problem, ProblemKind
from qlora_gov.records import Adapter, Card, DatasetVersion, Record


def adapter_directory(artefacts: Path, digest: str) -> Path:
    """The directory of an adapter's files."""
    return artefacts / "adapters" / short_id(digest, 16)


def dataset_file(artefacts: Path, digest: str) -> Path:
    """The Parquet file of a dataset version's rows."""
    return artefacts / "datasets" / short_id(digest, 16) / "rows.parquet"


def card_directory(artefacts: Path, card: str) -> Path:
    """The directory of a card's files."""
    return artefacts / "cards" / short_id(card, 16)


def file_problems(entries: Sequence[Entry], artefacts: Path, host: str | None = None) -> Iterator[Problem]:
    """Check the files of adapters, training sets and cards.

    Of a ledger that machines share, ``host`` is this one's name: files that are not here, of a record that was made on
    another, lie there. None says that all files lie beside the ledger.
    """
    for entry in entries:
        record, where = entry.record, place(entry)
        if host is not None and (there := entry.facts.get("host", host)) != host and not _any(record, entry, artefacts):
            yield Problem(ProblemKind.ELSEWHERE, where, f"its files lie on {there}", harmless=True)
            continue
        if isinstance(record, Adapter):
            if tree_id(record.files) != record.digest:
                yield Problem(ProblemKind.TAMPERED, where, "its digest is not that of its files")
            yield from _files(where, adapter_directory(artefacts, record.digest), record.files)
        elif isinstance(record, DatasetVersion):
            yield from _rows(where, dataset_file(artefacts, record.digest), record)
        elif isinstance(record, Card):
            yield from _files(where, card_directory(artefacts, entry.id), record.files)


def _any(record: Record, entry: Entry, artefacts: Path) -> bool:
    """Whether anything is here where an entry's files would lie."""
    match record:
        case Adapter():
            return adapter_directory(artefacts, record.digest).exists()
        case DatasetVersion(role="training"):
            return dataset_file(artefacts, record.digest).exists()
        case Card():
            return card_directory(artefacts, entry.id).exists()
    return True


def _files(where: str, folder: Path, files: Mapping[str, str]) -> Iterator[Problem]:
    for name, digest in files.items():
        path = folder / name
        if not path.is_file():
            yield Problem(ProblemKind.MISSING, where, f"no such file: {path}")
        elif file_id(path) != digest:
            yield Problem(ProblemKind.TAMPERED, where, f"{path} does not have the digest that the record states")


def _rows(where: str, path: Path, dataset: DatasetVersion) -> Iterator[Problem]:
    if not path.is_file():
        # evaluation rows lie in the ledger; their file is a convenience
        if dataset.role != "evaluation":
            yield Problem(ProblemKind.MISSING, where, f"no such file: {path}")
        return
    try:
        intact = parquet_id(path) == dataset.digest
    except DataError:
        intact = False
    if not intact:
        yield Problem(ProblemKind.TAMPERED, where, f"the rows of {path} do not have the digest that the record states")
