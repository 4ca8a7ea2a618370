"""What a training is about to do, for people to read before it begins."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING

from qlora_gov import TrainingError
from qlora_gov.models.chat import Tokenised
from qlora_gov_trainers.lora import targets_of
from qlora_gov_trainers.recipe import Recipe

if TYPE_CHECKING:
    from qlora_gov_trainers.step.trainer import StepTrainer

_GB = 1e9


def announced(recipe: Recipe, trainer: StepTrainer) -> Iterator[str]:
    """The recipe resolved, what is trained in which steps, and the memory and time that a tried pass foretells.

    Raises TrainingError where that pass does not fit in memory.
    """
    deviations = "; ".join(recipe.deviations(targets_of(trainer.model)))
    yield f"recipe: preset {recipe.preset}, rank {recipe.rank}, alpha {recipe.alpha}; {deviations}"
    trained, of = trainer.model.get_nb_trainable_parameters()
    rows: Sequence[Tokenised] = trainer.train_dataset
    a_step, steps = recipe.micro_batch * recipe.accumulation, recipe.steps(len(rows))
    tokens, targets = sum(len(row.ids) for row in rows), sum(row.targets for row in rows)
    each = tokens / len(trainer.steps)
    yield (
        f"trained: {trained:,} of {of:,} parameters ({trained / of:.2%}), in {steps:,} steps of {a_step:,} rows and "
        f"about {each:,.0f} tokens, {targets / tokens:.0%} of which carry loss"
    )
    trial = trainer.tried()
    if math.isinf(trial.peak):
        raise TrainingError(
            f"a pass of {trial.tokens:,} tokens does not fit in the card's memory; set training.memory_budget lower, "
            "or drop the longest rows with the length filter"
        )
    peak = trainer.plan or f"predicted peak of the process {trial.peak / _GB:.1f} GB"
    seconds = round(trial.seconds / trial.tokens * each * steps)
    yield f"memory: {peak}"
    tried = f"a pass of {trial.tokens:,} tokens took {trial.seconds:.1f} s"
    yield f"time: about {timedelta(seconds=seconds)} for all steps; {tried}"
