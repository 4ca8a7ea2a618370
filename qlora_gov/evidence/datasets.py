"""The rows of dataset versions: of an evaluation set they lie in the ledger, of a training set in a file beside it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from qlora_gov.canonical import columns_id, short_id
from qlora_gov.errors import IntegrityError, UsageError
from qlora_gov.ledger import Ledger, read_parquet
from qlora_gov.ledger.files import dataset_file
from qlora_gov.ledger.reading import fetch, held
from qlora_gov.records import Absent, Adapter, DatasetVersion, Overlap
from qlora_gov.records.example import Example
from qlora_gov.records.table import Table, examples_of, examples_table, origins_table
from qlora_gov.reports.dataset.changes import data_changes
from qlora_gov.reports.dataset.context import DataChanges
from qlora_gov.reports.dataset.rows import row_changes


def evaluation_rows(ledger: Ledger, dataset: str, rows: Sequence[int] | None = None) -> list[Example]:
    """The rows of an evaluation set, or some of them in the order asked for.

    Raises IntegrityError where the ledger holds others than those on record.
    """
    table = ledger.table(ledger.get(dataset), "examples")
    if rows is not None:
        table = {name: [column[row] for row in rows] for name, column in table.items()}
    return examples_of(table)


def version_named(ledger: Ledger, name: str | None, role: str | None = None) -> DatasetVersion:
    """The newest dataset version whose digest or record begins with ``name``, or the newest of all, of a role.

    Raises UsageError where there is none, and for the start of several.
    """
    versions = [held(entry, DatasetVersion) for entry in reversed(ledger.entries(DatasetVersion.kind))]
    versions = [version for version in versions if role in (None, version.role)]
    if name is None:
        if not versions:
            raise UsageError("no dataset version is on record; 'qlora-gov data build' makes one")
        return versions[0]
    start = name.removeprefix("sha256:")
    found = [one for one in versions if any(short_id(id_, 64).startswith(start) for id_ in (one.digest, one.id))]
    if not found or not start:
        raise UsageError(f"no dataset version is known as {name!r}; 'qlora-gov data list' shows them")
    if len({version.digest for version in found}) > 1:
        raise UsageError(f"{name!r} is the start of several dataset versions; write more digits")
    return found[0]


def changes_of(ledger: Ledger, before: DatasetVersion | None, after: DatasetVersion) -> DataChanges:
    """What a version changed against another one, with its rows where both records state where they came from.

    Raises IntegrityError where the ledger holds other rows than those on record.
    """
    if before is None or before.origins is None or after.origins is None:
        return data_changes(before, after)
    old, new = (_recorded_origins(ledger, version) for version in (before, after))
    return data_changes(before, after, row_changes(old, new))


def _recorded_origins(ledger: Ledger, version: DatasetVersion) -> Table:
    """Where rows came from, of a version whose record states it, and of any evaluation set."""
    entry = ledger.get(version.id)
    if version.role == "evaluation":
        return origins_table(ledger.table(entry, "examples"))
    return ledger.table(entry, "origins")


def origins_of(ledger: Ledger, artefacts: Path, version: DatasetVersion) -> Table:
    """Where the rows of a version came from: the columns of the table ``origins``.

    Raises IntegrityError where what is there is not what is on record, DataError where a file is not here.
    """
    if version.role == "evaluation" or version.origins is not None:
        return _recorded_origins(ledger, version)
    return origins_table(examples_table(training_rows(ledger, artefacts, version)))


def overlap_of(ledger: Ledger, adapter: str | None, evaluation: str) -> Overlap | Absent:
    """What is on record of an evaluation set's rows in what an adapter was trained on, or why nothing is."""
    trained = fetch(ledger, adapter, Adapter).dataset if adapter is not None else None
    if trained is None:
        return Absent(absent="the adapter was not trained here, and nothing is on record of its training rows")
    return fetch(ledger, trained, DatasetVersion).overlap(fetch(ledger, evaluation, DatasetVersion))


def training_rows(ledger: Ledger, artefacts: Path, version: DatasetVersion) -> list[Example]:
    """The rows of a training set. Raises IntegrityError where its file holds others than those on record."""
    path = dataset_file(artefacts, version.digest)
    table = read_parquet(path)
    if columns_id(table) != version.digest:
        raise IntegrityError(f"{path}: not the rows of dataset {version.id}; delete the file to have it made again")
    if version.origins is not None:
        table["source"] = ledger.table(ledger.get(version.id), "origins")["source"]
    return examples_of(table)
