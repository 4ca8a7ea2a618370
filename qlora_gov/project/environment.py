"""What ran a stage: interpreter, platform, package versions, and the project's commit."""

from __future__ import annotations

import os
import platform
import subprocess
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from qlora_gov.project.file import STATE_DIRECTORY
from qlora_gov.records import Environment

_PACKAGES = ("qlora-gov", "torch", "transformers", "peft", "bitsandbytes", "tokenizers", "safetensors", "numpy")


def environment_of(root: Path, device: str) -> Environment:
    """Describe this process; git facts are those of the repository around ``root``, None outside of one.

    What a project makes itself, in its state directory, makes no repository dirty.
    """
    commit = _git(root, "rev-parse", "HEAD")
    status = _git(root, "status", "--porcelain", "--", ":/", f":(top,exclude,glob)**/{STATE_DIRECTORY}/**")
    return Environment(
        python=platform.python_version(),
        platform=f"{platform.system()} {platform.machine()}",
        device=device,
        threads=_threads(),
        packages={name: found for name in _PACKAGES if (found := _version(name))},
        git_commit=commit,
        git_dirty=None if commit is None or status is None else bool(status),
    )


def path_in_repository(path: Path) -> str:
    """A file's path from the root of the git repository that it lies in, or its name outside of one."""
    inside = _git(path.parent, "rev-parse", "--show-prefix")
    return path.name if inside is None else f"{inside}{path.name}"


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
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.strip()
