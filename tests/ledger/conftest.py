from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from qlora_gov.ledger import Ledger
from tests.ledger.samples import Release, append_release


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    return Ledger(tmp_path / "state" / "ledger.duckdb", wait=5)


@pytest.fixture(scope="session")
def first_release(tmp_path_factory: pytest.TempPathFactory) -> Release:
    directory = tmp_path_factory.mktemp("release")
    return append_release(Ledger(directory / "state" / "ledger.duckdb"), directory / "artefacts")


@pytest.fixture
def release(first_release: Release, ledger: Ledger, tmp_path: Path) -> Release:
    """A copy of a release, to do with as a test likes."""
    shutil.copytree(first_release.ledger.path.parent, ledger.path.parent)
    shutil.copytree(first_release.artefacts, tmp_path / "artefacts")
    return Release(ledger, tmp_path / "artefacts", first_release.entries)
