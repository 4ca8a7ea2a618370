"""The rows of dataset versions: of an evaluation set they lie in the ledger, of a training set in a file beside it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from qlora_gov.canonical import columns_id
from qlora_gov.errors import IntegrityError
from qlora_gov.ledger import Ledger, read_parquet
from qlora_gov.ledger.files import dataset_file
from qlora_gov.records import DatasetVersion
from qlora_gov.records.example import Example
from qlora_gov.records.table import examples_of


def evaluation_rows(ledger: Ledger, dataset: str, rows: Sequence[int] | None = None) -> list[Example]:
    """The rows of an evaluation set, or some of them in the order asked for.

    Raises IntegrityError where the ledger holds others than those on record.
    """
    table = ledger.table(ledger.get(dataset), "examples")
    if rows is not None:
        table = {name: [column[row] for row in rows] for name, column in table.items()}
    return examples_of(table)


def training_rows(ledger: Ledger, artefacts: Path, version: DatasetVersion) -> list[Example]:
    """The rows of a training set. Raises IntegrityError where its file holds others than those on record."""
    path = dataset_file(artefacts, version.digest)
    table = read_parquet(path)
    if columns_id(table) != version.digest:
        raise IntegrityError(f"{path}: not the rows of dataset {version.id}; delete the file to have it made again")
    if version.origins is not None:
        table["source"] = ledger.table(ledger.get(version.id), "origins")["source"]
    return examples_of(table)
