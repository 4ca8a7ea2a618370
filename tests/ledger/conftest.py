from __future__ import annotations

import shutil
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from qlora_gov.ledger import Ledger
from qlora_gov.ledger.remote import TOKEN
from qlora_gov.ledger.share import serving
from tests.ledger.samples import Release, append_release


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    return Ledger(tmp_path / "state" / "ledger.duckdb", wait=5)


@pytest.fixture
def address(monkeypatch: pytest.MonkeyPatch) -> str:
    """Where a server of DuckDB can listen on this machine; its token is in the environment."""
    for name in ("httpfs", "quack"):
        pytest.importorskip(f"duckdb_extension_{name}", reason="a DuckDB server needs qlora-gov[server]")
    monkeypatch.setenv(TOKEN, "the server's 'token'")
    with socket.create_server(("127.0.0.1", 0)) as listening:
        return f"quack:localhost:{listening.getsockname()[1]}"


@pytest.fixture
def served(address: str, tmp_path: Path) -> Iterator[Ledger]:
    """A ledger on a server, in the file ``served.duckdb``."""
    with serving(tmp_path / "served.duckdb", address):
        yield Ledger(address, wait=5)


@pytest.fixture(scope="session")
def first_release(tmp_path_factory: pytest.TempPathFactory) -> Release:
    directory = tmp_path_factory.mktemp("release")
    return append_release(Ledger(directory / "state" / "ledger.duckdb"), directory / "artefacts")


@pytest.fixture
def release(first_release: Release, ledger: Ledger, tmp_path: Path) -> Release:
    """A copy of a release, to do with as a test likes."""
    shutil.copytree(first_release.ledger.location.parent, ledger.location.parent)
    shutil.copytree(first_release.artefacts, tmp_path / "artefacts")
    return Release(ledger, tmp_path / "artefacts", first_release.entries)
