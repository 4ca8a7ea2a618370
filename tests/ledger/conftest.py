from __future__ import annotations

from pathlib import Path

import pytest

from qlora_gov.ledger import Ledger
from tests.ledger.samples import Release, append_release


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    return Ledger(tmp_path / "state" / "ledger.duckdb", wait=5)


@pytest.fixture
def release(ledger: Ledger, tmp_path: Path) -> Release:
    return append_release(ledger, tmp_path / "artefacts")
