"""Training, top to bottom: set-up, train, save."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qlora_gov import Example, ModelError, TrainingError, TrainingJob, TrainingOutcome
from qlora_gov.models.chat import Tokenised
from qlora_gov.models.clock import Clock
from qlora_gov.models.loading import load_base, load_tokenizer, quantised_layers
from qlora_gov_trainers.rows import read_rows, reads
from qlora_gov_trainers.saving import check_finite, save
from qlora_gov_trainers.settings import Nf4QloraSettings

if TYPE_CHECKING:
    from transformers import PreTrainedModel

    from qlora_gov_trainers.step.trainer import StepTrainer


class Nf4QloraTrainer:
    """Trains LoRA matrices on a frozen NF4 base, on the assistant's tokens only."""

    def __init__(self, settings: Nf4QloraSettings) -> None:
        self.settings = settings

    def reads(self, base: Path, examples: Sequence[Example], today: date) -> Mapping[str, str | int]:
        """How many rows spell control tokens, and the day that the template is told where a project names another."""
        return reads(load_tokenizer(base), examples, Clock.at(today))

    def train(self, job: TrainingJob) -> TrainingOutcome:
        """Train, or go on from the last whole checkpoint, and write the adapter to ``job.output``.

        Raises DataError for rows that are too long or that the template does not take, ModelError for target modules
        that the base lacks, TrainingError where the loss stops being finite, or more than one process trains.
        """
        import torch
        from transformers import set_seed

        from qlora_gov.models.bfloat16 import fast_bfloat16
        from qlora_gov_trainers.checkpoints import last_checkpoint
        from qlora_gov_trainers.tracking import Tracking
        from qlora_gov_trainers.watch import Watch

        tracking = Tracking(self.settings)
        set_seed(job.seed)  # the adapter's initial values are drawn from here on
        tokenizer = load_tokenizer(job.base)
        rows = read_rows(tokenizer, job, self.settings.max_length)
        model = self.prepare(job.base)
        watch = Watch(job.progress)
        with fast_bfloat16(), tracking:
            trainer = self.stepping(model, rows.tokenised, job, [watch, *tracking.callbacks])
            trainer.train(resume_from_checkpoint=last_checkpoint(job.checkpoints))
        if not watch.losses:
            raise TrainingError("training made no optimiser step; give it more rows or epochs")
        check_finite(model)
        save(model, job, getattr(torch, self.settings.dtype))
        steps = trainer.state.global_step
        tokens = round(sum(row.targets for row in rows.tokenised) * self.settings.epochs)
        notes = *self.settings.deviations(), *rows.notes, *([trainer.plan] if trainer.plan else [])
        return TrainingOutcome(tuple(watch.losses), steps, tokens, notes, tracking.addresses)

    def stepping(
        self, model: PreTrainedModel, rows: Sequence[Tokenised], job: TrainingJob, callbacks: Sequence[Any]
    ) -> StepTrainer:
        """A trainer of steps, for a model as :meth:`prepare` makes it, that keeps to the memory budget."""
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
        trainer = StepTrainer(
            rows=rows,
            a_step=self.settings.micro_batch * self.settings.accumulation,
            a_pass=a_pass,
            plan=plan,
            model=model,
            args=self._arguments(job),
            callbacks=[*callbacks],
        )
        trainer.pop_callback(PrinterCallback)  # prints raw log lines
        return trainer

    def prepare(self, base: Path) -> PreTrainedModel:
        """A fresh NF4 base in training mode with new LoRA matrices, the only parameters that get gradients."""
        from peft import LoraConfig, get_peft_model

        model = load_base(base, quantization="nf4", dtype=self.settings.dtype)
        config = LoraConfig(
            r=self.settings.rank,
            lora_alpha=self.settings.alpha,
            lora_dropout=self.settings.dropout,
            target_modules=list(self.settings.targets),
            bias="none",
            task_type="CAUSAL_LM",
        )
        self._check_targets(model)
        if self.settings.gradient_checkpointing:
            model.gradient_checkpointing_enable({"use_reentrant": False})
        return get_peft_model(model, config).train()  # whose matrices are float32; they are saved as ``dtype``

    def _check_targets(self, model: PreTrainedModel) -> None:
        layers = set(quantised_layers(model))
        known = sorted({name.rsplit(".", 1)[-1] for name, layer in model.named_modules() if layer in layers})
        if lacking := [name for name in self.settings.targets if name not in known]:
            raise ModelError(
                f"training.targets: the base has no linear layer named {lacking[0]!r}; it has {', '.join(known)}"
            )

    def _arguments(self, job: TrainingJob) -> Any:
        import torch
        from transformers import TrainingArguments

        arguments = TrainingArguments(
            output_dir=str(job.checkpoints),
            per_device_train_batch_size=self.settings.micro_batch * self.settings.accumulation,
            learning_rate=self.settings.learning_rate,
            lr_scheduler_type="cosine",
            warmup_steps=self.settings.warmup_steps,
            num_train_epochs=self.settings.epochs,
            seed=job.seed,
            data_seed=job.seed,
            logging_steps=1,
            logging_nan_inf_filter=False,  # a loss that is not finite must be seen
            save_steps=self.settings.checkpoint_steps,
            save_total_limit=2,
            disable_tqdm=True,
            report_to=[],  # trackers are among the callbacks
            remove_unused_columns=False,
            use_cpu=not torch.cuda.is_available(),
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
