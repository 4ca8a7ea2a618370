"""Watching a training run: progress, the loss curve, and a loss that is no number."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments

from qlora_gov import LossPoint, Progress, TrainingError
from qlora_gov_trainers.checkpoints import mark_whole


class Watch(TrainerCallback):  # type: ignore[misc]
    """Reports each optimiser step, keeps its loss, and stops at a loss that is not finite."""

    def __init__(self, progress: Progress) -> None:
        self.progress = progress
        self.losses: list[LossPoint] = []

    def on_train_begin(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> None:
        """Show how far an earlier, interrupted run had come; its losses come with its checkpoint."""
        self.progress.begin("training", state.max_steps)
        self.progress.advance(state.global_step)
        self.losses = [LossPoint(step=log["step"], loss=log["loss"]) for log in state.log_history if "loss" in log]

    def on_log(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, logs: Any = None, **kwargs: Any
    ) -> None:
        """Take the mean loss of a finished step. Raises TrainingError where it is not finite."""
        if "loss" not in (logs or {}):
            return
        loss = float(logs["loss"])
        if not math.isfinite(loss):
            raise TrainingError(
                f"the loss became {loss} at step {state.global_step}; no adapter is recorded: lower the learning rate "
                "or look for broken rows"
            )
        self.losses.append(LossPoint(step=state.global_step, loss=loss))
        self.progress.advance(1, f"loss {loss:.3f}")

    def on_save(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any) -> None:
        """The trainer has written a checkpoint to its end."""
        mark_whole(Path(str(args.output_dir)) / f"checkpoint-{state.global_step}")
