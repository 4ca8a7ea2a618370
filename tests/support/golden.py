"""The golden ledgers, laid out as the projects that made them."""

from __future__ import annotations

import shutil
from pathlib import Path

from tests.support.imported import Imported

LEDGERS = Path(__file__).parent.parent / "ledgers"
DECISIONS = sorted(path.stem for path in LEDGERS.glob("*.duckdb") if "-" not in path.stem)
"""The versions whose ledger of decisions is kept."""
TRAINED = sorted(path.stem for path in LEDGERS.glob("*-trained.duckdb"))
"""The trained projects that are kept."""


def laid_out(name: str, root: Path) -> Imported:
    """Copy a golden project to ``root``, with the ledger in its place."""
    shutil.copytree(LEDGERS / name, root)
    (root / "made").rename(root / ".qlora_gov")
    shutil.copyfile(LEDGERS / f"{name}.duckdb", root / ".qlora_gov" / "ledger.duckdb")
    return Imported(root)
