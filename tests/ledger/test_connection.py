from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from qlora_gov.errors import LedgerError, StorageError
from qlora_gov.ledger import Ledger, verify_ledger
from qlora_gov.records import Policy
from tests.ledger.samples import AGGREGATES, Release


@pytest.mark.parametrize("content", [b"", b"x", b"not a database, but long enough to be one " * 500])
def test_a_file_that_is_no_database_is_said_to_be_none(ledger: Ledger, content: bytes) -> None:
    ledger.location.parent.mkdir()
    ledger.location.write_bytes(content)
    for operation in (Ledger.entries, lambda ledger: ledger.append(Policy(rules=()))):
        with pytest.raises(LedgerError, match="not a valid DuckDB database file") as caught:
            operation(ledger)
        assert str(ledger.location) in str(caught.value)
        assert "\n" not in str(caught.value)
    assert ledger.location.read_bytes() == content


def test_a_directory_is_no_ledger(tmp_path: Path) -> None:
    with pytest.raises(LedgerError, match="cannot be used: Could not read from file"):
        Ledger(tmp_path).entries()


def test_a_place_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageError, match=r"file/ledger\.duckdb cannot be written: File exists: .*/file"):
        Ledger(tmp_path / "file" / "ledger.duckdb").append(Policy(rules=()))


def test_a_damaged_file_is_one_clear_error(release: Release, tmp_path: Path) -> None:
    """A bit that flips on disk meets DuckDB's checksums, or lies where nothing is stored."""

    def outcome(position: int) -> str:
        damaged = Ledger(tmp_path / f"{position}.duckdb")
        damaged.location.write_bytes(whole[:position] + bytes([whole[position] ^ 1]) + whole[position + 1 :])
        try:
            return str(verify_ledger(damaged, aggregates=AGGREGATES, artefacts=release.artefacts))
        except LedgerError as error:
            return str(error)

    whole = release.ledger.location.read_bytes()
    outcomes = [outcome(position) for position in np.random.default_rng(0).integers(0, len(whole), 24)]
    refused = [found for found in outcomes if found != "[]"]
    assert all("cannot be used: Corrupt database file" in found and "\n" not in found for found in refused)
    assert len(refused) >= 5


def test_a_ledger_cut_short_is_one_clear_error(release: Release) -> None:
    size = release.ledger.location.stat().st_size
    with release.ledger.location.open("r+b") as stream:
        stream.truncate(size // 2)
    with pytest.raises(LedgerError, match="cannot be used") as caught:
        verify_ledger(release.ledger, aggregates=AGGREGATES, artefacts=release.artefacts)
    assert "\n" not in str(caught.value)


def test_a_ledger_needs_neither_pandas_nor_pyarrow(release: Release, tmp_path: Path) -> None:
    """The base dependencies are enough to read, append and verify; and reading never looks for more."""
    shutil.copy(release.ledger.location, tmp_path / "copy.duckdb")
    code = """
import sys
from pathlib import Path
from qlora_gov.ledger import Ledger, read_parquet, verify_ledger, write_parquet
from tests.ledger.samples import AGGREGATES, append_release

class Refuse:
    def find_spec(self, name, path=None, target=None):
        assert name.split(".")[0] not in {"pandas", "pyarrow", "polars", "torch"}, f"{name} is imported"

ledger, artefacts = Ledger(Path(sys.argv[1])), Path(sys.argv[2])
held = ledger.entries("dataset")[0]
if sys.argv[3] == "reading":
    sys.meta_path.insert(0, Refuse())
    assert ledger.find("held") == held == ledger.get(held.id)
    assert ledger.lineage(ledger.alias("champion").id)
    assert len(ledger.table(held, "examples")["messages"]) == held.record.rows
else:
    sys.modules |= {"pandas": None, "pyarrow": None, "polars": None, "torch": None}
    append_release(ledger, artefacts, "second")
    write_parquet(artefacts / "x.parquet", ledger.table(held, "examples"))
    assert read_parquet(artefacts / "x.parquet")["id"] == ledger.table(held, "examples")["id"]
    assert verify_ledger(ledger, aggregates=AGGREGATES, artefacts=artefacts) == []
"""
    for mode in ("reading", "appending"):
        command = [sys.executable, "-c", code, str(tmp_path / "copy.duckdb"), str(release.artefacts), mode]
        done = subprocess.run(command, cwd=Path(__file__).parents[2], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
