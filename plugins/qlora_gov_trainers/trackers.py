"""Which experiment trackers a training can report to: those of transformers whose runs have an address."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterable
from typing import Literal

from qlora_gov import PluginError

Tracker = Literal["mlflow", "neptune", "trackio", "wandb"]


def require_trackers(trackers: Iterable[Tracker]) -> None:
    """Raise PluginError, with what to run, for a tracker that is not installed."""
    for name in trackers:
        if importlib.util.find_spec(name) is None:
            package = '"qlora-gov[mlflow]"' if name == "mlflow" else name
            raise PluginError(f"training.trackers: {name} is not installed; run: pip install {package}")
