"""One whole ledger for all of these tests; what edits it takes a copy."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.imported import Imported
from tests.released import make_released


@pytest.fixture(scope="session")
def released(tmp_path_factory: pytest.TempPathFactory) -> Imported:
    return make_released(tmp_path_factory.mktemp("released") / "project")


@pytest.fixture
def copy(released: Imported, tmp_path: Path) -> Imported:
    shutil.copytree(released.root, tmp_path / "copy")
    return Imported(tmp_path / "copy")
