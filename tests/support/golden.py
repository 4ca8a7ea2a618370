"""The golden ledgers, laid out as the projects that made them."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

from qlora_gov.cli.main import run
from qlora_gov.ledger import Ledger
from qlora_gov.pipeline.pipeline import Pipeline
from tests.stages.toys import Quiet

LEDGERS = Path(__file__).parent.parent / "ledgers"
DECISIONS = sorted(path.stem for path in LEDGERS.glob("*.duckdb") if "-" not in path.stem)
"""The versions whose ledger of decisions is kept."""
TRAINED = sorted(path.stem for path in LEDGERS.glob("*-trained.duckdb"))
"""The trained projects that are kept."""


@dataclass(frozen=True)
class Golden:
    """A copy of a golden project, with the ledger in its place."""

    root: Path

    @classmethod
    def laid_out(cls, name: str, root: Path) -> Golden:
        """Copy one to ``root``."""
        shutil.copytree(LEDGERS / name, root)
        (root / "made").rename(root / ".qlora_gov")
        shutil.copyfile(LEDGERS / f"{name}.duckdb", root / ".qlora_gov" / "ledger.duckdb")
        return cls(root)

    @property
    def ledger(self) -> Ledger:
        """Its ledger."""
        return Ledger(self.root / ".qlora_gov" / "ledger.duckdb")

    @property
    def pipeline(self) -> Pipeline:
        """Its stages, by the code that is installed now."""
        from qlora_gov.plugin.host import load_catalog
        from qlora_gov.project.file import load_project
        from qlora_gov.project.workspace import Workspace

        project = load_project(self.root / "qlora_gov.yaml")
        catalog = load_catalog([self.root / directory for directory in project.plugins])
        return Pipeline(Workspace(project, self.root, catalog, self.ledger, Quiet()))

    def __call__(self, command: str, *arguments: str) -> int:
        """Run a command on the project and return its exit code."""
        return run([command, str(self.root), *arguments])
