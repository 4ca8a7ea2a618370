"""Preference tuning, top to bottom: set-up, train, save."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qlora_gov import Example, TrainingError, TrainingJob, TrainingOutcome
from qlora_gov.models.clock import Clock
from qlora_gov.models.loading import load_base, load_tokenizer
from qlora_gov_trainers.arguments import arguments_of
from qlora_gov_trainers.dpo.pairs import Pairs, both, read_pairs
from qlora_gov_trainers.dpo.settings import DpoSettings
from qlora_gov_trainers.draws import drawn
from qlora_gov_trainers.lora import lora_config, targets_of
from qlora_gov_trainers.rows import reads
from qlora_gov_trainers.saving import check_finite, save

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

NO_DROPOUT = 0.0
"""With it, an adapter would differ from the reference by chance, and that difference is what is learned from."""


class DpoTrainer:
    """Trains LoRA matrices on a frozen NF4 base so that chosen answers become likelier than rejected ones."""

    def __init__(self, settings: DpoSettings) -> None:
        self.settings = settings

    def reads(self, base: Path, examples: Sequence[Example], today: date) -> Mapping[str, str | int]:
        """As ``nf4-qlora`` says it of its rows, of both answers of each pair."""
        return reads(load_tokenizer(base), both(examples), Clock.at(today))

    def train(self, job: TrainingJob) -> TrainingOutcome:
        """Train, or go on from the last whole checkpoint, and write the adapter to ``job.output``.

        Raises DataError for rows without a rejected answer, that are too long or that the template does not take,
        ModelError for target modules that the base lacks, TrainingError where the loss stops being finite, or more than
        one process trains.
        """
        import torch

        from qlora_gov.models.bfloat16 import fast_bfloat16
        from qlora_gov_trainers.checkpoints import last_checkpoint
        from qlora_gov_trainers.watch import Watch

        job = replace(job, examples=drawn(job.examples, self.settings.max_rows, job.seed))
        tokenizer = load_tokenizer(job.base)
        pairs = read_pairs(tokenizer, job, self.settings.max_length)
        watch = Watch(job.progress)
        with fast_bfloat16(), warnings.catch_warnings():
            warnings.filterwarnings("ignore", ".* removed in v6", FutureWarning)  # names that TRL calls
            trainer = self.stepping(job, tokenizer, pairs, [watch])
            trainer.train(resume_from_checkpoint=last_checkpoint(job.checkpoints))
        if not watch.losses:
            raise TrainingError("training made no optimiser step; give it more pairs or epochs")
        check_finite(trainer.model)
        save(trainer.model, job, getattr(torch, self.settings.dtype))
        notes = (*self._recipe(targets_of(trainer.model)), *_margins(trainer.state.log_history), *pairs.notes)
        tokens = round(pairs.targets * trainer.state.epoch)
        return TrainingOutcome(tuple(watch.losses), trainer.state.global_step, tokens, notes)

    def stepping(
        self, job: TrainingJob, tokenizer: PreTrainedTokenizerBase, pairs: Pairs, callbacks: Sequence[Any]
    ) -> Any:
        """A trainer of steps on a fresh NF4 base in training mode, whose only parameters with gradients are LoRA's."""
        from transformers.trainer_callback import PrinterCallback
        from trl import DPOConfig

        from qlora_gov_trainers.dpo.tuning import PairTrainer

        arguments = arguments_of(
            DPOConfig,
            self.settings,
            job,
            len(pairs.rows),
            per_device_train_batch_size=self.settings.micro_batch,
            gradient_accumulation_steps=self.settings.accumulation,
            activation_checkpointing=self.settings.gradient_checkpointing,
            activation_checkpointing_kwargs={"use_reentrant": False},
            beta=self.settings.beta,
            bf16=False,  # the base computes in ``dtype`` by itself
            max_length=None,
        )
        model = load_base(job.base, quantization="nf4", dtype=self.settings.dtype).train()
        trainer = PairTrainer(
            model=model,
            adapter=lora_config(model, self.settings, NO_DROPOUT),
            rows=pairs.rows,
            tokenizer=tokenizer,
            arguments=arguments,
            callbacks=callbacks,
        )
        trainer.pop_callback(PrinterCallback)  # prints raw log lines
        return trainer

    def _recipe(self, targets: Sequence[str]) -> tuple[str, ...]:
        how = f"preference tuning (DPO) with beta {self.settings.beta:g}; the reference is the base without the adapter"
        return (how, *self.settings.deviations(targets, dropout=NO_DROPOUT))


def _margins(logs: Sequence[Mapping[str, float]]) -> tuple[str, ...]:
    """How far chosen answers rose above rejected ones, against the reference: beta times nats, by TRL's account."""
    margins = [log["rewards/margins"] for log in logs if "rewards/margins" in log]
    if not margins:
        return ()
    first, last = margins[0], margins[-1]
    return (f"reward margin of chosen over rejected answers: {first:.3g} at the first step, {last:.3g} at the last",)
