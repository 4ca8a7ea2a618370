"""Checkpoints that a kill cannot spoil: one counts only once a marker says that it was written whole."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from peft import PeftModel
    from transformers import TrainerState, TrainingArguments

_WHOLE = "whole"


def newest(args: TrainingArguments, state: TrainerState) -> Path:
    """Where the checkpoint of the present step lies."""
    return Path(str(args.output_dir)) / f"checkpoint-{state.global_step}"


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


def read_adapter(model: PeftModel, checkpoint: str) -> None:
    """Give a model a checkpoint's adapter as it is; transformers reads it through peft, which changes its type."""
    from peft import set_peft_model_state_dict
    from safetensors.torch import load_file

    set_peft_model_state_dict(model, load_file(Path(checkpoint, "adapter_model.safetensors")))
