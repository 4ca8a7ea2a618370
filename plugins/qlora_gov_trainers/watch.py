"""Watching a training run: progress, the loss curve, and one that diverges."""

from __future__ import annotations

from typing import Any

from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments

from qlora_gov import LossPoint, Progress
from qlora_gov_trainers.checkpoints import mark_whole, newest
from qlora_gov_trainers.divergence import Divergence


class Watch(TrainerCallback):  # type: ignore[misc]
    """Reports each optimiser step, keeps its loss, and stops where the training diverges."""

    def __init__(self, progress: Progress, divergence: Divergence | None = None) -> None:
        self.progress, self.divergence = progress, divergence or Divergence()
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
        """Take the mean loss of a finished step. Raises TrainingError where the training has diverged."""
        if "loss" not in (logs or {}):
            return
        loss = float(logs["loss"])
        self.divergence.refuse_numbers(state.global_step, loss, float(logs["grad_norm"]))
        self.losses.append(LossPoint(step=state.global_step, loss=loss))
        self.divergence.refuse_explosion(self.losses)
        self.progress.advance(1, f"loss {loss:.3f}")

    def on_save(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any) -> None:
        """The trainer has written a checkpoint to its end."""
        mark_whole(newest(args, state))
