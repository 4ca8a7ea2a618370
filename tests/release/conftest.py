from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.hub import LoopbackHub, loopback_hub
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


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[LoopbackHub]:
    """A hub, to which files go over plain HTTP; its other protocol needs servers of its own."""
    import huggingface_hub.constants

    with loopback_hub() as server:
        constants = huggingface_hub.constants
        monkeypatch.setattr(constants, "ENDPOINT", server.url)
        monkeypatch.setattr(
            constants, "HUGGINGFACE_CO_URL_TEMPLATE", server.url + "/{repo_id}/resolve/{revision}/{filename}"
        )
        monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
        monkeypatch.setattr(constants, "HF_HUB_DISABLE_XET", True)
        monkeypatch.setattr(constants, "HF_HUB_DISABLE_PROGRESS_BARS", True)
        monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "cache"))
        yield server
