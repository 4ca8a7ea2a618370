from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.support.imported import BETTER, GOOD, Imported, make_imported


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Imported:
    """The base and adapter ``a`` are evaluated on the same rows."""
    project = make_imported(tmp_path_factory.mktemp("prepared") / "project")
    assert project.log(GOOD) == 0
    assert project.log(BETTER, "a") == 0
    return project


@pytest.fixture
def project(prepared: Imported, tmp_path: Path) -> Imported:
    """A copy of it."""
    shutil.copytree(prepared.root, tmp_path / "project")
    return Imported(tmp_path / "project")
