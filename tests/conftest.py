"""What every test may use."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import settings

if TYPE_CHECKING:
    from tests.support.imported import Imported

ROOT = Path(__file__).parent.parent
os.environ["HF_HUB_OFFLINE"] = "1"
os.environ["MLFLOW_DISABLE_TELEMETRY"] = "true"
settings.register_profile("busy", deadline=None)  # a machine that does other work, too, is no failure
settings.load_profile("busy")


@pytest.fixture
def public_data() -> Callable[[str], Path]:
    """The path of a file of the public data that some tests read in place, or a skip that says what is absent."""
    directory = Path(os.environ.get("QLORA_GOV_DATA", ROOT.parent / "shared" / "data"))

    def find(name: str) -> Path:
        path = directory / name
        if not path.exists():
            pytest.skip(f"public data is absent: {path} (set QLORA_GOV_DATA)")
        return path

    return find


@pytest.fixture(scope="session")
def tiny_base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The directory of a tiny random base model."""
    from tests.support.tiny import make_tiny_base

    return make_tiny_base(tmp_path_factory.mktemp("bases") / "tiny")


@pytest.fixture(scope="session")
def released(tmp_path_factory: pytest.TempPathFactory) -> Imported:
    """One whole ledger with two releases; what edits it takes a ``copy``."""
    from tests.support.released import make_released

    return make_released(tmp_path_factory.mktemp("released") / "project")


@pytest.fixture(scope="session")
def versions(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project whose data has been curated; what changes it takes ``curated``."""
    from tests.support.versions import make_versions

    return make_versions(tmp_path_factory.mktemp("versions") / "project")


@pytest.fixture
def curated(versions: Path, tmp_path: Path) -> Path:
    """A copy of the curated project."""
    return Path(shutil.copytree(versions, tmp_path / "curated"))


@pytest.fixture
def copy(released: Imported, tmp_path: Path) -> Imported:
    """A copy of the released project."""
    from tests.support.imported import Imported

    shutil.copytree(released.root, tmp_path / "copy")
    return Imported(tmp_path / "copy")


@pytest.fixture(scope="session")
def mlflow_database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty store of MLflow in a file; what writes to it takes a copy, by ``mlflow_store``."""
    from tests.support.trackers import make_mlflow_database

    return make_mlflow_database(tmp_path_factory.mktemp("mlflow"))


@pytest.fixture(scope="session")
def real_base() -> Path:
    """The directory of the embedded base, SmolLM2-135M-Instruct."""
    from qlora_gov.models.bases import resolve_base

    return resolve_base("embedded", root=ROOT).path
