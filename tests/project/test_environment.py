from __future__ import annotations

import os
import platform
import subprocess
from pathlib import Path

import numpy as np
import pytest

from qlora_gov.project.environment import environment_of


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository of one commit with a project in a subdirectory."""
    for name in ("GIT_CONFIG_GLOBAL", "GIT_CONFIG_SYSTEM"):
        monkeypatch.setenv(name, os.devnull)
    for name in ("GIT_AUTHOR_NAME", "GIT_AUTHOR_EMAIL", "GIT_COMMITTER_NAME", "GIT_COMMITTER_EMAIL"):
        monkeypatch.setenv(name, "nobody")
    project = tmp_path / "project"
    project.mkdir()
    (project / "qlora_gov.yaml").write_text("seed: 1\n")
    for command in (["init", "--quiet"], ["add", "."], ["commit", "--quiet", "--message", "first"]):
        subprocess.run(["git", "-C", str(tmp_path), *command], check=True)
    return tmp_path


def test_the_process_is_described() -> None:
    found = environment_of(Path(), "cpu")
    assert (found.python, found.device) == (platform.python_version(), "cpu")
    assert found.packages["numpy"] == np.__version__
    assert found.packages["qlora-gov"]
    assert "no-such-package" not in found.packages


def test_a_clean_project_has_its_commit(repository: Path) -> None:
    head = subprocess.run(
        ["git", "-C", str(repository), "rev-parse", "HEAD"], check=True, capture_output=True, text=True
    ).stdout.strip()
    for root in (repository, repository / "project"):
        found = environment_of(root, "cpu")
        assert (found.git_commit, found.git_dirty) == (head, False)


@pytest.mark.parametrize(
    ("path", "dirty"),
    [
        ("project/qlora_gov.yaml", True),
        ("project/new.yaml", True),
        ("elsewhere.py", True),
        ("project/.qlora_gov/ledger.duckdb", False),  # a project's own ledger must not make its runs look changed
        ("project/.qlora_gov/work/1/spool", False),
        (".qlora_gov/ledger.duckdb", False),
    ],
)
def test_a_change_anywhere_in_the_repository_makes_it_dirty(repository: Path, path: str, dirty: bool) -> None:
    (repository / path).parent.mkdir(parents=True, exist_ok=True)
    (repository / path).write_text("changed")
    for root in (repository, repository / "project"):
        assert environment_of(root, "cpu").git_dirty is dirty


def test_outside_of_a_repository_nothing_is_said_of_git(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    found = environment_of(tmp_path, "cpu")
    assert (found.git_commit, found.git_dirty) == (None, None)


def test_without_git_nothing_is_said_of_it(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(repository))
    assert environment_of(repository, "cpu").git_commit is None


@pytest.mark.parametrize(
    ("variable", "threads"),
    [
        ("3", 3),
        ("4,2", 4),
        (" 2 ", 2),
        (None, os.cpu_count()),
        ("", os.cpu_count()),
        ("0", os.cpu_count()),
        ("all", os.cpu_count()),
    ],
)
def test_threads_are_those_of_openmp_or_of_the_machine(
    monkeypatch: pytest.MonkeyPatch, variable: str | None, threads: int
) -> None:
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    if variable is not None:
        monkeypatch.setenv("OMP_NUM_THREADS", variable)
    assert environment_of(Path(), "cpu").threads == threads
