"""A later version of the program: its own source, edited, in a directory that stands before the installed one."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import distribution
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent
VERSION = "99.1.0"


@dataclass(frozen=True)
class LaterVersion:
    """A copy of the source under a raised version, with the metadata of an installed distribution."""

    path: Path

    @classmethod
    def made(cls, path: Path) -> LaterVersion:
        """Copy the program to ``path``: every package of it with the version raised, and so every plugin's."""
        ignore = shutil.ignore_patterns("__pycache__")
        shutil.copytree(ROOT / "qlora_gov", path / "qlora_gov", ignore=ignore)
        shutil.copytree(ROOT / "reports", path / "qlora_gov_reports", ignore=ignore)
        for plugin in (ROOT / "plugins").glob("qlora_gov_*"):
            shutil.copytree(plugin, path / plugin.name, ignore=ignore)
        metadata = path / f"qlora_gov-{VERSION}.dist-info"
        metadata.mkdir()
        (metadata / "METADATA").write_text(f"Metadata-Version: 2.1\nName: qlora-gov\nVersion: {VERSION}\n")
        entries = distribution("qlora-gov").read_text("entry_points.txt")
        assert entries is not None
        (metadata / "entry_points.txt").write_text(entries)
        later = cls(path)
        later.edit(
            "qlora_gov/__init__.py", lambda text: re.sub('__version__ = ".*"', f'__version__ = "{VERSION}"', text)
        )
        return later

    def edit(self, pattern: str, change: Callable[[str], str]) -> None:
        """Change every file that a pattern names; a change that changes nothing is a mistake of the test."""
        for path in self.path.glob(pattern):
            before = path.read_text(encoding="utf-8")
            after = change(before)
            assert after != before, f"{path} is as it was"
            path.write_text(after, encoding="utf-8")

    def python(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run Python with this version in front."""
        environment = os.environ | {"PYTHONPATH": str(self.path), "OMP_NUM_THREADS": "1"}
        return subprocess.run(
            [sys.executable, *arguments],
            env=environment,
            cwd=self.path,  # Python puts the directory in front
            capture_output=True,
            text=True,
            timeout=500,
            check=False,
        )

    def __call__(self, command: str, root: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run a command on a project."""
        return self.python("-m", "qlora_gov", command, str(root), *arguments)
