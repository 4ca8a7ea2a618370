"""A dataset version leaves one machine and is checked, used and got back on others, all from the command line."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from qlora_gov.cli.main import run
from tests.support.project import SOURCE, make_project
from tests.support.versions import space_of, version_of


def test_a_version_is_exported_checked_used_pushed_and_pulled(
    curated: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    version = version_of(space_of(curated))
    monkeypatch.chdir(curated)
    capsys.readouterr()

    assert run(["data", "export", "--to", "../out"]) == 0
    assert capsys.readouterr().out == f"wrote ../out: training version {version.digest}\n"
    assert run(["data", "export", version.digest[:20], "--to", "../out"]) == 0
    assert capsys.readouterr().out == f"there already: ../out: training version {version.digest}\n"
    assert run(["data", "export", "--role", "evaluation", "--to", "../out"]) == 2
    assert "out is there already, with version" in capsys.readouterr().err

    out = tmp_path / "out"  # whoever has no project
    checked = subprocess.run(
        [sys.executable, "-m", "qlora_gov", "data", "check", "."], cwd=out, check=True, capture_output=True, text=True
    )
    told = f"verified: training version {version.digest}, {version.rows} rows, record {version.id}\n"
    assert checked.stdout == told

    other = tmp_path / "other"  # whoever takes the rows for a project
    source = {**SOURCE, "use": "hub", "directory": str(out), "shape": "exported"}
    make_project(
        other,
        other / "no base",
        data={"training": {"sources": [source]}, "evaluation": {"sources": [SOURCE | {"path": "evaluation.jsonl"}]}},
    )
    assert run(["data", "--project", str(other), "build"]) == 0
    assert version_of(space_of(other)).digest == version.digest

    url = f"file://{tmp_path}/store"
    assert run(["data", "push", "--to", url]) == 0
    assert f"pushed: training version {version.digest} to {url}/" in capsys.readouterr().out
    second = tmp_path / "second"  # a machine that has the project and its ledger
    (second / ".qlora_gov").mkdir(parents=True)
    shutil.copy(curated / ".qlora_gov" / "ledger.duckdb", second / ".qlora_gov")
    shutil.copy(curated / "qlora_gov.yaml", second)
    monkeypatch.chdir(second)
    assert run(["verify"]) == 12
    assert run(["data", "pull", "--from", url]) == 0
    assert f"pulled: training version {version.digest}" in capsys.readouterr().out
    assert run(["verify"]) == 0
    assert run(["data", "pull", "--from", url]) == 0
    assert f"here already: training version {version.digest}" in capsys.readouterr().out

    data = bytearray((out / "rows.parquet").read_bytes())
    data[100] ^= 1
    (out / "rows.parquet").write_bytes(data)
    assert run(["data", "check", str(out)]) == 12
    assert capsys.readouterr().err == (
        f"qlora-gov: {out}/rows.parquet: not the size and SHA-256 that the manifest states\n"
    )
