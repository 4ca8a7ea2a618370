"""TRL's trainer, without what a run here must not do: tokenise by itself, send word of itself, write cards."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from datasets import Dataset
from trl import DPOTrainer

from qlora_gov_trainers.checkpoints import read_adapter
from qlora_gov_trainers.dpo.pairs import Row, collated

if TYPE_CHECKING:
    from peft import LoraConfig
    from transformers import PreTrainedModel, PreTrainedTokenizerBase


class PairTrainer(DPOTrainer):  # type: ignore[misc]
    """Takes steps on pairs that are tokenised already; the reference is the base, with the adapter switched off."""

    def __init__(
        self,
        *,
        model: PreTrainedModel,
        adapter: LoraConfig,
        rows: Sequence[Row],
        tokenizer: PreTrainedTokenizerBase,
        arguments: Any,
        callbacks: Sequence[Any],
    ) -> None:
        super().__init__(
            model=model,
            peft_config=adapter,  # of a model that has an adapter already, TRL would make a copy for a reference
            args=arguments,
            data_collator=collated,
            train_dataset=Dataset.from_list([dict(row) for row in rows]),
            processing_class=tokenizer,
            callbacks=[*callbacks],
        )
        for parameter in self.model.parameters():
            if parameter.requires_grad:
                # TRL makes them bfloat16, in which a small step is no step at all.
                parameter.data = parameter.data.float()

    def _prepare_dataset(self, dataset: Dataset, *_: Any) -> Dataset:
        """Leave rows as they are: TRL would render them anew, cut long ones, and take text for control tokens."""
        return dataset

    def _send_telemetry(self) -> None:
        """Tell nobody: a run here sends nothing anywhere."""

    def create_model_card(self, *_: Any, **__: Any) -> None:
        """Write none: the card of an adapter is made from its evidence."""

    def _load_from_checkpoint(self, resume_from_checkpoint: str, model: Any = None) -> None:
        read_adapter(self.model, resume_from_checkpoint)
