"""The commands on a ledger: what it holds, its tables as files, and sharing it from a server."""

from __future__ import annotations

import importlib.util
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from qlora_gov.cli.main import run
from tests.support.imported import BETTER, GOOD, Imported, make_imported


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Imported:
    project = make_imported(tmp_path_factory.mktemp("ledger") / "project")
    assert project.log(GOOD) == project.log(BETTER, "a") == 0
    return project


def ledger(project: Imported, *arguments: str) -> int:
    return run(["ledger", "--project", str(project.root), *arguments])


def test_entries_and_their_lineage_are_listed(project: Imported, capsys: pytest.CaptureFixture[str]) -> None:
    capsys.readouterr()
    assert ledger(project, "list", "--kind", "evaluation") == 0
    assert capsys.readouterr().out.count("evaluation") == 2
    assert ledger(project, "lineage", project.last("evaluation").id) == 0
    assert "responses" in capsys.readouterr().out
    assert ledger(project, "show", project.last("policy").id) == 0
    assert '"non_inferior accuracy"' in capsys.readouterr().out


def test_any_table_is_exported_to_a_file_that_others_read(project: Imported, tmp_path: Path) -> None:
    import pyarrow.parquet

    assert ledger(project, "export", "scores", str(tmp_path / "scores.parquet")) == 0
    assert pyarrow.parquet.read_table(tmp_path / "scores.parquet").num_rows == 400
    assert ledger(project, "export", "score", str(tmp_path / "none.parquet")) == 2
    assert [path.name for path in tmp_path.iterdir()] == ["scores.parquet"]


def test_a_project_decides_on_a_ledger_that_is_shared_from_a_server(
    project: Imported, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if importlib.util.find_spec("duckdb_extension_quack") is None:
        pytest.skip("duckdb-extension-quack is not installed")
    monkeypatch.setenv("QLORA_GOV_LEDGER_TOKEN", "a token of the tests")
    with socket.create_server(("localhost", 0)) as free:
        at = f"quack:localhost:{free.getsockname()[1]}"
    command = [sys.executable, "-m", "qlora_gov", "ledger", "--project", str(project.root), "serve", "--at", at]
    server = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env={**os.environ, "PYTHONUNBUFFERED": "1"})
    try:
        assert server.stdout is not None
        assert "serving" in server.stdout.readline()
        client = make_imported_at(tmp_path / "client", at)
        assert client("gate") == client("promote") == client("verify") == 0
    finally:
        server.send_signal(signal.SIGINT)
        server.communicate(timeout=30)
    assert project.last("alias").alias == "champion", "it was written through the server"


def make_imported_at(root: Path, location: str) -> Imported:
    """A project of its own whose ledger is elsewhere; it has the weights that are to be promoted."""
    client = Imported(root)
    (root / "plugins").mkdir(parents=True)
    from tests.support.imported import PLUGIN

    (root / "plugins" / "toy.py").write_text(PLUGIN)
    client.policy()
    file = root / "qlora_gov.yaml"
    file.write_text(f"{file.read_text()}ledger: {location}\n")
    assert client.log(BETTER, "a") == 0
    return client
