"""Early stopping: the loss of rows that are not trained on decides when a training ends, and which adapter it gives."""

from __future__ import annotations

import math
from typing import Any

import torch
from safetensors.torch import load_file, save_file
from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments

from qlora_gov import LossPoint, TrainingError
from qlora_gov_trainers.checkpoints import newest

_BEST = "best.safetensors"


class Validation(TrainerCallback):  # type: ignore[misc]
    """Keeps the adapter of the lowest validation loss, and ends the training after ``patience`` looks without a lower.

    Attributes:
        losses: the mean loss of the rows' targets at each look; they come with a checkpoint, as the adapter does.
    """

    def __init__(self, patience: int) -> None:
        self._patience = patience
        self.losses: list[LossPoint] = []
        self._best: dict[str, torch.Tensor] = {}

    @property
    def lowest(self) -> LossPoint:
        """The first of the lowest losses."""
        return min(self.losses, key=lambda point: point.loss)

    def on_train_begin(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> None:
        """Go on where an earlier, interrupted run had come."""
        looks = [log for log in state.log_history if "eval_loss" in log]
        self.losses = [LossPoint(step=log["step"], loss=log["eval_loss"]) for log in looks]
        self._best = load_file(newest(args, state) / _BEST) if looks else {}

    def on_evaluate(
        self,
        args: TrainingArguments,
        state: TrainerState,
        control: TrainerControl,
        *,
        metrics: dict[str, float],
        model: Any,
        **kwargs: Any,
    ) -> None:
        """Take a look's loss. Raises TrainingError where it is not finite."""
        step, loss = state.global_step, metrics["eval_loss"]
        if not math.isfinite(loss):
            raise TrainingError(
                f"the validation loss became {loss} at step {step}; no adapter is recorded: lower the learning rate"
            )
        point = LossPoint(step=step, loss=loss)
        self.losses.append(point)
        if self.lowest is point:
            self._best = {name: one.detach().cpu().clone() for name, one in _trained(model).items()}
        elif self.losses.index(self.lowest) + self._patience < len(self.losses):
            control.should_training_stop = True
            control.should_save = False  # from a checkpoint of this step, a killed run would take another one

    def on_save(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any) -> None:
        """Let a checkpoint have the best adapter beside the one that is trained on."""
        if self._best and state.is_world_process_zero:
            save_file(self._best, newest(args, state) / _BEST)

    def restore(self, model: Any) -> None:
        """Give a model the best adapter, if any was looked at."""
        if self._best:
            model.load_state_dict(self._best, strict=False)

    def told(self, rows: int, state: TrainerState) -> tuple[str, ...]:
        """How it went with so many rows, in a line for the card; none where nobody looked."""
        if not self.losses:
            return ()
        first, lowest = self.losses[0], self.lowest
        return (
            f"validation loss of {rows} rows that were not trained on: {first.loss:.4g} at step {first.step}, "
            f"{lowest.loss:.4g} at step {lowest.step}, whose adapter this is; "
            f"{state.global_step} of {state.max_steps} steps were taken",
        )


def _trained(model: Any) -> dict[str, torch.nn.Parameter]:
    return {name: one for name, one in model.named_parameters() if one.requires_grad}
