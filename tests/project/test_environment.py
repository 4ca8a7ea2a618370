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


def git(repository: Path, *arguments: str) -> None:
    subprocess.run(["git", "-C", str(repository), *arguments], check=True)


@pytest.mark.parametrize("flag", ["--assume-unchanged", "--skip-worktree"])
def test_a_file_that_git_was_told_not_to_look_at_makes_a_repository_dirty(repository: Path, flag: str) -> None:
    git(repository, "update-index", flag, "project/qlora_gov.yaml")
    (repository / "project" / "qlora_gov.yaml").write_text("seed: 2\n")
    for root in (repository, repository / "project"):
        assert environment_of(root, "cpu").git_dirty is True


def test_what_a_sparse_checkout_leaves_out_makes_no_repository_dirty(repository: Path) -> None:
    (repository / "elsewhere").mkdir()
    (repository / "elsewhere" / "ünïcode file").write_text("x")
    git(repository, "add", ".")
    git(repository, "commit", "--quiet", "--message", "second")
    git(repository, "sparse-checkout", "set", "project")
    assert not (repository / "elsewhere").exists()
    assert environment_of(repository / "project", "cpu").git_dirty is False
    git(repository, "sparse-checkout", "disable")
    git(repository, "update-index", "--skip-worktree", "elsewhere/ünïcode file")
    assert environment_of(repository / "project", "cpu").git_dirty is True


def test_new_files_make_a_repository_dirty_whatever_git_shows(repository: Path) -> None:
    git(repository, "config", "status.showUntrackedFiles", "no")
    assert environment_of(repository, "cpu").git_dirty is False
    (repository / "project" / "plugin.py").write_text("changed")
    assert environment_of(repository, "cpu").git_dirty is True


@pytest.mark.parametrize("more", [(), ("GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_COMMON_DIR")])
def test_the_commit_is_that_of_the_projects_own_repository(
    repository: Path, more: tuple[str, ...], tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A hook of another repository says in its environment where git is to look."""
    own = environment_of(repository, "cpu").git_commit
    other = tmp_path_factory.mktemp("other")
    for command in (["init", "--quiet"], ["commit", "--quiet", "--allow-empty", "--message", "other"]):
        git(other, *command)
    for name in ("GIT_DIR", *more):
        monkeypatch.setenv(name, str(other / ".git"))
    found = environment_of(repository / "project", "cpu")
    assert (found.git_commit, found.git_dirty) == (own, False)


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
