"""A trainer that goes on from a checkpoint with exactly the weights that it had."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from peft import set_peft_model_state_dict
from safetensors.torch import load_file
from transformers import Trainer


class ResumingTrainer(Trainer):  # type: ignore[misc]
    """transformers' trainer, but for how a checkpoint's adapter is read.

    The original reads it through peft, which turns bfloat16 matrices into float32: a resumed run would then go on in
    another precision and end with other weights than an uninterrupted one.
    """

    def _load_from_checkpoint(self, resume_from_checkpoint: str, model: Any = None) -> None:
        weights = load_file(Path(resume_from_checkpoint) / "adapter_model.safetensors")
        set_peft_model_state_dict(self.model, weights)
