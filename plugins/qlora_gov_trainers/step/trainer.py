"""transformers' trainer, but for what a step is: so many rows, in as few passes as hold them, on however many cards."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from itertools import islice
from pathlib import Path
from typing import Any

import torch
from peft import set_peft_model_state_dict
from peft.optimizers import create_loraplus_optimizer
from safetensors.torch import load_file
from torch.utils.data import DataLoader
from transformers import Trainer

from qlora_gov.models.chat import Tokenised
from qlora_gov_trainers.step.dropout import undropped
from qlora_gov_trainers.step.packs import packed, passes
from qlora_gov_trainers.step.trial import Trial, tried


class Steps:
    """Which rows each step of an epoch takes: all of them once, in an order of their own in each epoch."""

    def __init__(self, rows: int, a_step: int, seed: int) -> None:
        self._rows, self._a_step, self._seed, self._epoch = rows, a_step, seed, 0

    def set_epoch(self, epoch: int) -> None:
        """As transformers calls it before each epoch."""
        self._epoch = epoch

    def __len__(self) -> int:
        return -(-self._rows // self._a_step)

    def __iter__(self) -> Iterator[list[int]]:
        return self.of_epoch(self._epoch)

    def of_epoch(self, epoch: int) -> Iterator[list[int]]:
        """The rows of each step of an epoch, counted from 0."""
        generator = torch.Generator().manual_seed(self._seed + epoch)
        order = torch.randperm(self._rows, generator=generator).tolist()
        return (order[at : at + self._a_step] for at in range(0, self._rows, self._a_step))

    def of_step(self, step: int) -> list[int]:
        """The rows of a step of the whole training, counted from 1."""
        epoch, at = divmod(step - 1, len(self))
        return next(islice(self.of_epoch(epoch), at, None))


class _Loader(DataLoader):  # type: ignore[misc]
    """Makes each step's tensors while the one before is taken."""

    def set_epoch(self, epoch: int) -> None:
        self.batch_sampler.set_epoch(epoch)

    def __iter__(self) -> Iterator[Any]:
        steps = super().__iter__()
        with ThreadPoolExecutor(1) as thread:
            ahead = thread.submit(next, steps, None)
            while (step := ahead.result()) is not None:
                ahead = thread.submit(next, steps, None)
                yield step


class StepTrainer(Trainer):  # type: ignore[misc]
    """Takes steps of ``a_step`` rows, in passes of ``a_pass`` tokens at most, or of one row where they cannot share.

    The loss is the mean over the targets of a step, however its rows are shared among passes and processes. ``plan``
    says in words how a step uses a card's memory. ``ratio`` is how many times as fast as the matrices A the matrices B
    learn (LoRA+, https://arxiv.org/abs/2402.12354).
    """

    def __init__(
        self, *, rows: Sequence[Tokenised], a_step: int, a_pass: int, plan: str, ratio: float = 1, **others: Any
    ) -> None:
        super().__init__(train_dataset=rows, **others)
        self._a_pass, self._ratio, self.plan = a_pass, ratio, plan
        self.steps = Steps(len(rows), a_step, self.args.data_seed)

    def create_optimizer(self, model: Any = None) -> torch.optim.Optimizer:
        """AdamW, as it always was where both matrices learn as fast."""
        if self._ratio == 1:
            return super().create_optimizer(model)
        kind, options = self.get_optimizer_cls_and_kwargs(self.args, self.model)
        self.optimizer = create_loraplus_optimizer(self.model, kind, loraplus_lr_ratio=self._ratio, **options)
        return self.optimizer

    def get_train_dataloader(self) -> DataLoader:
        """Steps, of which each process takes its share."""
        return _Loader(self.train_dataset, batch_sampler=self.steps, collate_fn=self._share)

    @property
    def targets(self) -> int:
        """The tokens that carried loss in all steps that were taken."""
        counts: list[int] = [row.targets for row in self.train_dataset]
        epochs, steps = divmod(int(self.state.global_step), len(self.steps))
        last = islice(self.steps.of_epoch(epochs), steps)
        return epochs * sum(counts) + sum(counts[at] for step in last for at in step)

    def _share(self, rows: Sequence[Tokenised]) -> dict[str, Any]:
        """The passes of this process, and the targets of all."""
        own = rows[self.args.process_index :: self.args.world_size]
        return {
            "passes": [packed(one) for one in passes(own, self._a_pass)],
            "targets": sum(row.targets for row in rows),
        }

    def tried(self) -> Trial:
        """What the widest pass of the first epoch takes, before any step is taken."""
        widest = max(self._passes(), key=lambda rows: sum(len(row.ids) for row in rows))
        return tried(self.model, packed(widest))

    def _passes(self) -> Iterator[Sequence[Tokenised]]:
        for step in self.steps:
            yield from passes([self.train_dataset[at] for at in step], self._a_pass)

    def training_step(self, model: Any, inputs: dict[str, Any], num_items_in_batch: Any = None) -> torch.Tensor:
        """The mean loss of a step's targets, whose gradient it adds."""
        model.train()
        total = torch.zeros((), device=self.args.device)
        # Gradients of processes are averaged, and should be summed.
        share = self.args.world_size / inputs["targets"]
        for number, one in enumerate(inputs["passes"], 1):
            last = number == len(inputs["passes"])
            with nullcontext() if last else self.accelerator.no_sync(model):
                loss = model(**self._prepare_inputs(one))["loss"] * share
                self.accelerator.backward(loss)
            total += loss.detach()
        return total

    def evaluate(self, *_: Any, **__: Any) -> dict[str, float]:
        """The mean loss of the evaluation rows' targets, without dropout."""
        share = self._share(self.eval_dataset)
        total = torch.zeros((), dtype=torch.float64, device=self.args.device)
        with torch.no_grad(), undropped(self.model):
            for one in share["passes"]:
                total += self.model(**self._prepare_inputs(one))["loss"]
        metrics = {"eval_loss": self.accelerator.reduce(total).item() / share["targets"]}
        self.log(metrics)
        self.callback_handler.on_evaluate(self.args, self.state, self.control, metrics)
        return metrics

    def _load_from_checkpoint(self, resume_from_checkpoint: str, model: Any = None) -> None:
        """Read a checkpoint's adapter as it is; the original reads it through peft, which changes its type."""
        weights = load_file(Path(resume_from_checkpoint) / "adapter_model.safetensors")
        set_peft_model_state_dict(self.model, weights)
