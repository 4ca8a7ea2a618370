"""Training, top to bottom: set-up, train, save."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qlora_gov import Example, TrainingError, TrainingJob, TrainingOutcome
from qlora_gov.models.chat import Tokenised
from qlora_gov.models.clock import Clock
from qlora_gov.models.loading import load_base, load_tokenizer
from qlora_gov_trainers.arguments import arguments_of
from qlora_gov_trainers.draws import drawn, set_apart, split
from qlora_gov_trainers.lora import lora_config, targets_of
from qlora_gov_trainers.rows import chosen_alone, read_rows, reads
from qlora_gov_trainers.saving import check_finite, save
from qlora_gov_trainers.settings import Nf4QloraSettings

if TYPE_CHECKING:
    from transformers import PreTrainedModel

    from qlora_gov_trainers.step.trainer import StepTrainer
    from qlora_gov_trainers.watch import Watch


class Nf4QloraTrainer:
    """Trains LoRA matrices on a frozen NF4 base, on the assistant's tokens only; of preference pairs, on the chosen."""

    def __init__(self, settings: Nf4QloraSettings) -> None:
        self.settings = settings

    def reads(self, base: Path, examples: Sequence[Example], today: date) -> Mapping[str, str | int]:
        """How many rows spell control tokens, and the day that the template is told where a project names another."""
        return reads(load_tokenizer(base), examples, Clock.at(today))

    def train(self, job: TrainingJob) -> TrainingOutcome:
        """Train, or go on from the last whole checkpoint, and write the adapter to ``job.output``.

        Raises DataError for rows that are too long or that the template does not take, ModelError for target modules
        that the base lacks, TrainingError where the training diverges, or more than one process trains.
        """
        import torch
        from transformers import set_seed

        from qlora_gov.models.bfloat16 import fast_bfloat16
        from qlora_gov_trainers.announcement import announced
        from qlora_gov_trainers.checkpoints import last_checkpoint
        from qlora_gov_trainers.tracking import Tracking
        from qlora_gov_trainers.validation import Validation

        stopping = self.settings.early_stopping
        tracking, validation = Tracking(self.settings), Validation(stopping.patience if stopping else 0)
        set_seed(job.seed)  # the adapter's initial values are drawn from here on
        job = replace(job, examples=drawn(job.examples, self.settings.max_rows, job.seed))
        apart = set_apart(job.examples, stopping.share, job.seed) if stopping else frozenset()
        rows = read_rows(load_tokenizer(job.base), job, self.settings.max_length)
        model = self.prepare(job.base)
        with fast_bfloat16(), tracking:
            trainer = self.stepping(model, rows.tokenised, job, [validation, *tracking.callbacks], apart)
            watch = _watch(trainer, job, apart)
            for line in announced(self.settings, trainer):
                job.progress.tell(line)
            trainer.train(resume_from_checkpoint=last_checkpoint(job.checkpoints))
        if not watch.losses:
            raise TrainingError("training made no optimiser step; give it more rows or epochs")
        validation.restore(model)
        check_finite(model)
        save(model, job, getattr(torch, self.settings.dtype))
        notes = (
            *self.settings.deviations(targets_of(model)),
            *rows.notes,
            *chosen_alone(job.examples),
            *validation.told(len(apart), trainer.state),
            *([trainer.plan] if trainer.plan else []),
        )
        steps, looks = trainer.state.global_step, tuple(validation.losses)
        return TrainingOutcome(tuple(watch.losses), steps, trainer.targets, notes, tracking.addresses, looks)

    def stepping(
        self,
        model: PreTrainedModel,
        rows: Sequence[Tokenised],
        job: TrainingJob,
        callbacks: Sequence[Any],
        apart: frozenset[int] = frozenset(),
    ) -> StepTrainer:
        """A trainer of steps, for a model as :meth:`prepare` makes it, that keeps to the memory budget.

        Rows that are set ``apart``, by their places, are not trained on: they are what it evaluates.
        """
        import torch
        from transformers.trainer_callback import PrinterCallback

        from qlora_gov_trainers.step.budget import budget_of, fit
        from qlora_gov_trainers.step.model import make_ready
        from qlora_gov_trainers.step.trainer import StepTrainer

        ready, longest = make_ready(model, self.settings.dropout), max(len(row.ids) for row in rows)
        a_pass, plan = longest * self.settings.micro_batch if ready.packs else 1, ""
        if torch.cuda.is_available():
            budget = budget_of(self.settings.memory_budget)
            a_pass, plan = fit(model, ready, longest, self.settings.micro_batch, budget)
        taken, validated = split(rows, apart)
        trainer = StepTrainer(
            rows=taken,
            a_step=self.settings.micro_batch * self.settings.accumulation,
            a_pass=a_pass,
            plan=plan,
            ratio=self.settings.lora_plus_ratio,
            model=model,
            args=self._arguments(job, len(taken)),
            eval_dataset=validated,
            callbacks=[*callbacks],
        )
        trainer.pop_callback(PrinterCallback)  # prints raw log lines
        return trainer

    def prepare(self, base: Path) -> PreTrainedModel:
        """A fresh NF4 base in training mode with new LoRA matrices, the only parameters that get gradients."""
        from peft import get_peft_model

        model = load_base(base, quantization="nf4", dtype=self.settings.dtype)
        if self.settings.gradient_checkpointing:
            model.gradient_checkpointing_enable({"use_reentrant": False})
        adapted = get_peft_model(model, lora_config(model, self.settings, self.settings.dropout))
        return adapted.train()  # whose matrices are float32; they are saved as ``dtype``

    def _arguments(self, job: TrainingJob, rows: int) -> Any:
        from transformers import TrainingArguments

        stopping, a_step = self.settings.early_stopping, self.settings.micro_batch * self.settings.accumulation
        looks = {"eval_strategy": "steps", "eval_steps": stopping.every} if stopping else {}
        return arguments_of(TrainingArguments, self.settings, job, rows, per_device_train_batch_size=a_step, **looks)


def _watch(trainer: StepTrainer, job: TrainingJob, apart: frozenset[int]) -> Watch:
    """Let a run be watched, after all who write into its checkpoints: what is whole is said last."""
    from qlora_gov_trainers.divergence import Divergence
    from qlora_gov_trainers.watch import Watch

    sources, _ = split([example.source for example in job.examples], apart)
    vocabulary = len(trainer.model.get_output_embeddings().weight)
    guess = Divergence(math.log(vocabulary), lambda step: [sources[at] for at in trainer.steps.of_step(step)])
    watch = Watch(job.progress, guess)
    trainer.add_callback(watch)
    return watch
