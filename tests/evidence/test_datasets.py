"""Rows have one home each, and are read as what is on record or not at all."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from qlora_gov.errors import IntegrityError
from qlora_gov.evidence.datasets import evaluation_rows, training_rows
from qlora_gov.ledger import Ledger
from qlora_gov.ledger.files import dataset_file
from qlora_gov.ledger.reading import held
from qlora_gov.records import DatasetVersion
from tests.ledger.samples import Release, append_release


@pytest.fixture
def release(tmp_path: Path) -> Release:
    return append_release(Ledger(tmp_path / "ledger.duckdb"), tmp_path / "artefacts")


def test_rows_come_in_the_order_asked_for(release: Release) -> None:
    dataset = release.entries["evaluation set"].id
    rows = evaluation_rows(release.ledger, dataset)
    assert len(rows) > 3
    assert evaluation_rows(release.ledger, dataset, [3, 0]) == [rows[3], rows[0]]


def test_rows_that_were_edited_are_not_read(release: Release) -> None:
    with duckdb.connect(str(release.ledger.location)) as connection:
        connection.execute("UPDATE examples SET messages = replace(messages, 'a', 'b')")
    with pytest.raises(IntegrityError, match="examples: the rows do not have the digest that the record states"):
        evaluation_rows(release.ledger, release.entries["evaluation set"].id, [0])


def test_a_training_set_is_read_from_its_file(release: Release) -> None:
    version = held(release.entries["training set"], DatasetVersion)
    assert len(training_rows(release.ledger, release.artefacts, version)) == version.rows
    (file,) = release.artefacts.glob("datasets/*/rows.parquet")
    other = version.model_copy(update={"digest": held(release.entries["evaluation set"], DatasetVersion).digest})
    dataset_file(release.artefacts, other.digest).parent.mkdir()
    file.rename(dataset_file(release.artefacts, other.digest))
    with pytest.raises(IntegrityError, match="not the rows of dataset"):
        training_rows(release.ledger, release.artefacts, other)
