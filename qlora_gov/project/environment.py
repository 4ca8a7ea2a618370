"""What ran a stage: interpreter, platform, package versions, and the project's commit."""

from __future__ import annotations

import os
import platform
import subprocess
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from qlora_gov.plugin.fetching import STATE_DIRECTORY
from qlora_gov.records import Environment

_LOCATIONS = ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_PREFIX", "GIT_COMMON_DIR", "GIT_OBJECT_DIRECTORY")
"""By these a hook tells git which repository it runs for; another one than a project lies in, perhaps."""

_PACKAGES = ("qlora-gov", "torch", "transformers", "peft", "bitsandbytes", "tokenizers", "safetensors", "numpy")


def environment_of(root: Path, device: str) -> Environment:
    """Describe this process; git facts are those of the repository around ``root``, None outside of one.

    What a project makes itself, in its state directory, makes no repository dirty; files that git was told not to
    look at do, since nobody can tell what is in them.
    """
    commit = _git(root, "rev-parse", "HEAD")
    return Environment(
        python=platform.python_version(),
        platform=f"{platform.system()} {platform.machine()}",
        device=device,
        threads=_threads(),
        packages={name: found for name in _PACKAGES if (found := _version(name))},
        git_commit=commit,
        git_dirty=None if commit is None else _dirty(root),
    )


def path_in_repository(path: Path) -> str:
    """A file's path from the root of the git repository that it lies in, or its name outside of one."""
    inside = _git(path.parent, "rev-parse", "--show-prefix")
    return path.name if inside is None else f"{inside}{path.name}"


def _dirty(root: Path) -> bool | None:
    """Whether anything differs from the commit, whatever git is configured to show; None where git cannot say."""
    everywhere = ("--", ":/", f":(top,exclude,glob)**/{STATE_DIRECTORY}/**")
    changed = _git(root, "status", "--porcelain", "--untracked-files=normal", "--ignore-submodules=none", *everywhere)
    listed = _git(root, "ls-files", "-v", "-z", *everywhere)
    if changed is None or listed is None:
        return None
    return bool(changed) or any(_unseen(root, entry) for entry in listed.split("\0"))


def _unseen(root: Path, entry: str) -> bool:
    """Whether git was told not to look at a file: to assume it unchanged (a lower-case letter), or that it is absent.

    One that is absent, as in a sparse checkout, says nothing; one that is there all the same may say anything.
    """
    return entry[:1].islower() or (entry.startswith("S ") and (root / entry[2:]).exists())


def _threads() -> int:
    """Threads of the outermost level, as OpenMP reads its variable; else the number of processors."""
    asked = os.environ.get("OMP_NUM_THREADS", "").split(",")[0].strip()
    return int(asked) if asked.isdecimal() and int(asked) else os.cpu_count() or 1


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def _git(root: Path, *arguments: str) -> str | None:
    try:
        done = subprocess.run(
            ["git", "-C", str(root), *arguments],  # noqa: S607
            capture_output=True,
            text=True,
            timeout=30,
            check=True,
            env={name: value for name, value in os.environ.items() if name not in _LOCATIONS},
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.strip()
