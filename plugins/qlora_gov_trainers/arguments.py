"""What transformers' trainer, and those that are made from it, are told of a run."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from qlora_gov import TrainingError, TrainingJob
from qlora_gov_trainers.recipe import Recipe


def arguments_of(kind: Callable[..., Any], recipe: Recipe, job: TrainingJob, rows: int, **others: Any) -> Any:
    """The arguments of a run on so many rows, on one device. Raises TrainingError where more processes train."""
    import torch

    arguments = kind(
        output_dir=str(job.checkpoints),
        learning_rate=recipe.learning_rate,
        lr_scheduler_type="cosine",
        warmup_steps=recipe.warmup_steps,
        num_train_epochs=recipe.epochs,
        max_steps=-1 if recipe.max_steps is None else recipe.steps(rows),
        seed=job.seed,
        data_seed=job.seed,
        logging_steps=1,
        logging_nan_inf_filter=False,  # a loss that is not finite must be seen
        save_steps=recipe.checkpoint_steps,
        save_total_limit=2,
        disable_tqdm=True,
        report_to=[],
        remove_unused_columns=False,
        use_cpu=not torch.cuda.is_available(),
        **others,
    )
    if arguments.world_size > 1:
        raise TrainingError(
            f"{arguments.world_size} processes were started, each of which would take a step on other rows: the "
            "recipe would not be what was trained; start one"
        )
    if arguments.n_gpu > 1:
        # Every card that is seen would take a micro batch of its own, and a step be of as many times the rows.
        arguments._n_gpu = 1
    return arguments
