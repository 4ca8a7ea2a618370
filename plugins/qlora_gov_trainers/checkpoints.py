"""Checkpoints that a kill cannot spoil: one counts only once a marker says that it was written whole."""

from __future__ import annotations

import shutil
from pathlib import Path

_WHOLE = "whole"


def mark_whole(checkpoint: Path) -> None:
    """Say that everything in ``checkpoint`` has been written."""
    (checkpoint / _WHOLE).touch()


def last_checkpoint(directory: Path) -> str | None:
    """The newest whole checkpoint, after removing those that were cut short; None where there is none."""
    checkpoints = sorted(directory.glob("checkpoint-*"), key=lambda path: int(path.name.rsplit("-", 1)[1]))
    for path in checkpoints:
        if not (path / _WHOLE).exists():
            shutil.rmtree(path)
    return next((str(path) for path in reversed(checkpoints) if path.exists()), None)
