"""Training, top to bottom: set-up, train, save."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qlora_gov import Example, ModelError, TrainingError, TrainingJob, TrainingOutcome
from qlora_gov.models.chat import IGNORED
from qlora_gov.models.clock import Clock
from qlora_gov.models.loading import load_base, load_tokenizer, quantised_layers
from qlora_gov_trainers.rows import read_rows, reads
from qlora_gov_trainers.settings import Nf4QloraSettings

if TYPE_CHECKING:
    from transformers import PreTrainedModel


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
        from transformers import set_seed
        from transformers.trainer_callback import PrinterCallback

        from qlora_gov.models.bfloat16 import fast_bfloat16
        from qlora_gov_trainers.checkpoints import last_checkpoint
        from qlora_gov_trainers.resuming import ResumingTrainer
        from qlora_gov_trainers.watch import Watch

        set_seed(job.seed)  # the adapter's initial values are drawn from here on
        tokenizer = load_tokenizer(job.base)
        rows = read_rows(tokenizer, job, self.settings.max_length)
        model = self.prepare(job.base)
        watch = Watch(job.progress)
        trainer = ResumingTrainer(
            model=model,
            args=self._arguments(job),
            train_dataset=[{"input_ids": row.ids, "labels": row.labels} for row in rows.tokenised],
            data_collator=lambda features: collate(features, tokenizer.pad_token_id),
            callbacks=[watch],
        )
        trainer.pop_callback(PrinterCallback)  # prints raw log lines
        with fast_bfloat16():
            trainer.train(resume_from_checkpoint=last_checkpoint(job.checkpoints))
        if not watch.losses:
            raise TrainingError("training made no optimiser step; give it more rows or epochs")
        check_finite(model)
        save(model, job)
        steps = trainer.state.global_step
        tokens = round(sum(row.targets for row in rows.tokenised) * self.settings.epochs)
        return TrainingOutcome(tuple(watch.losses), steps, tokens, (*self.settings.deviations(), *rows.notes))

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
            model.enable_input_require_grads()
        return get_peft_model(model, config, autocast_adapter_dtype=False).train()

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
            per_device_train_batch_size=self.settings.micro_batch,
            gradient_accumulation_steps=self.settings.accumulation,
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
            report_to=[],
            remove_unused_columns=False,
            train_sampling_strategy="group_by_length",  # rows of like length share a batch: padding costs time
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


def collate(features: Sequence[dict[str, list[int]]], pad: int) -> dict[str, Any]:
    """Pad rows on the right to the longest: ``input_ids`` and ``attention_mask`` ``[b, t]``.

    Logits are asked for, and ``labels`` given, for the last ``logits_to_keep`` positions only: those before the first
    target carry no loss, and a wide vocabulary makes their logits a good part of a step.
    """
    import torch

    width = max(len(feature["input_ids"]) for feature in features)
    gaps = [width - len(feature["input_ids"]) for feature in features]
    ids = [feature["input_ids"] + [pad] * gap for feature, gap in zip(features, gaps, strict=True)]
    labels = torch.tensor([feature["labels"] + [IGNORED] * gap for feature, gap in zip(features, gaps, strict=True)])
    mask = [[1] * (width - gap) + [0] * gap for gap in gaps]
    first_target = int((labels != IGNORED).any(dim=0).int().argmax())
    keep = width - max(first_target - 1, 0)  # a target is predicted one position before its own
    return {
        "input_ids": torch.tensor(ids),
        "attention_mask": torch.tensor(mask),
        "labels": labels[:, -keep:],
        "logits_to_keep": keep,
    }


def check_finite(model: PreTrainedModel) -> None:
    """Raise TrainingError for a weight that is no number: the last step's damage shows in no loss."""
    for name, parameter in model.named_parameters():
        if parameter.requires_grad and not parameter.isfinite().all():
            raise TrainingError(f"{name} is not finite after training; no adapter is recorded: lower the learning rate")


def save(model: PreTrainedModel, job: TrainingJob) -> None:
    """Write the adapter so that the same weights give the same bytes, on whatever machine and in whatever process."""
    model.save_pretrained(job.output, safe_serialization=True)
    (job.output / "README.md").unlink(missing_ok=True)  # peft's template card; ours is made from the evidence
    path = job.output / "adapter_config.json"
    config = json.loads(path.read_text(encoding="utf-8"))
    config["base_model_name_or_path"] = job.base_name
    config["target_modules"] = sorted(config["target_modules"])  # peft keeps a set, in an order of its own each time
    path.write_text(json.dumps(config, indent=2, sort_keys=True) + "\n", encoding="utf-8")
