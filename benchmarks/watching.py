"""What watches a training that is measured: progress that nobody sees, and a clock."""

from __future__ import annotations

import time
from typing import Any

import torch
from transformers import TrainerCallback


class Silent:
    """Shows nothing."""

    def begin(self, label: str, total: int) -> None:
        """A piece of work begins."""

    def advance(self, units: int = 1, note: str = "") -> None:
        """Some units are done."""

    def tell(self, line: str) -> None:
        """A line for people."""


class Clock(TrainerCallback):  # type: ignore[misc]
    """When steps end."""

    def __init__(self) -> None:
        self.ends: list[float] = []

    def on_step_end(self, *args: Any, **kwargs: Any) -> None:
        """Wait for the device, where there is one, and look at the clock."""
        if torch.cuda.is_available():
            torch.cuda.synchronize()
        self.ends.append(time.perf_counter())
