"""What is evaluated: a base, or a base with an adapter, that answers prompts and rates reference answers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import JsonValue

from qlora_gov.errors import ModelError
from qlora_gov.models.adapters import load_adapter
from qlora_gov.models.chat import IGNORED, Tokenised, tokenise
from qlora_gov.models.clock import CLOCK, Clock
from qlora_gov.models.decoding import NumbersOnly, ends_of, take_defaults
from qlora_gov.models.loading import Quantization, load_base, load_tokenizer, set_compute_dtype
from qlora_gov.records.answer import Answer, LogLikelihood
from qlora_gov.records.evaluation import Decoding
from qlora_gov.records.example import Message
from qlora_gov.text import one_line

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

_LIKELIHOOD_TOKENS = 1024
"""Padded tokens in one likelihood batch: bounds the logits to this times the vocabulary."""


class Subject:
    """A loaded subject. Likelihoods are computed in float32; generation multiplies 4-bit weights in bfloat16.

    ``applied`` is what of the base's own defaults changes its answers.
    """

    def __init__(
        self,
        model: PreTrainedModel,
        tokenizer: PreTrainedTokenizerBase,
        applied: Mapping[str, JsonValue] | None = None,
        clock: Clock = CLOCK,
    ) -> None:
        self.model = model.eval()
        self.tokenizer = tokenizer
        self.applied = applied or {}
        self.clock = clock

    @classmethod
    def load(
        cls,
        base: Path,
        adapter: Path | None = None,
        *,
        quantization: Quantization = "nf4",
        decoding: Decoding = "base",
        clock: Clock = CLOCK,
    ) -> Subject:
        """Load from local directories. Raises ModelError where either cannot be used."""
        tokenizer = load_tokenizer(base)
        model = load_base(base, quantization=quantization, dtype="float32")
        applied = take_defaults(model, tokenizer, decoding)
        return cls(model if adapter is None else load_adapter(model, adapter), tokenizer, applied, clock)

    def answer(self, prompts: Sequence[Sequence[Message]], max_new_tokens: int) -> list[Answer]:
        """Answer a batch of prompts greedily. Raises ModelError where the model gives no numbers to choose by."""
        import torch
        from transformers import LogitsProcessorList

        from qlora_gov.models.bfloat16 import fast_bfloat16

        rows = [tokenise(self.tokenizer, prompt, prompt=True, clock=self.clock).ids for prompt in prompts]
        width, pad = max(map(len, rows)), self.tokenizer.pad_token_id
        ids = torch.tensor([[pad] * (width - len(row)) + row for row in rows])  # [b, t], answers go on at the right
        mask = torch.tensor([[0] * (width - len(row)) + [1] * len(row) for row in rows])  # [b, t]
        device = self.model.device
        set_compute_dtype(self.model, "bfloat16")
        numbers = NumbersOnly()
        with torch.inference_mode(), fast_bfloat16():
            out = self.model.generate(
                input_ids=ids.to(device),
                attention_mask=mask.to(device),
                max_new_tokens=max_new_tokens,
                do_sample=False,
                pad_token_id=pad,
                logits_processor=LogitsProcessorList([numbers]),
            )
        if (at := numbers.first(len(prompts))) is not None:
            asked = one_line(prompts[at][-1].content)[:80] if prompts[at] else ""
            raise ModelError(f"the model gives no numbers to choose an answer by, for the prompt {asked!r}")
        return [self._decode(row) for row in out[:, width:].tolist()]

    def _decode(self, tokens: list[int]) -> Answer:
        end = next((at for at, token in enumerate(tokens) if token in self._stops), None)
        text = self.tokenizer.decode(tokens if end is None else tokens[:end], skip_special_tokens=True)
        return Answer(text.strip(), "length" if end is None else "stop")

    @property
    def _stops(self) -> set[int]:
        return {self.tokenizer.eos_token_id, *ends_of(self.model.generation_config)}

    def loglikelihood(self, conversations: Sequence[Sequence[Message]]) -> list[LogLikelihood]:
        """Rate the last assistant turn of each conversation, given all before it."""
        rows = [tokenise(self.tokenizer, messages, last_only=True, clock=self.clock) for messages in conversations]
        order = sorted(range(len(rows)), key=lambda index: len(rows[index].ids))
        set_compute_dtype(self.model, "float32")
        nll = [0.0] * len(rows)
        for batch in _batches(order, [len(row.ids) for row in rows]):
            for index, value in zip(batch, self._nll([rows[index] for index in batch]), strict=True):
                nll[index] = value
        sizes = [len(messages[-1].content.encode()) for messages in conversations]
        return [LogLikelihood(v, row.targets, size) for v, row, size in zip(nll, rows, sizes, strict=True)]

    def _nll(self, rows: Sequence[Tokenised]) -> list[float]:
        """Summed negative log-likelihood in nats of each row's labelled tokens."""
        import torch

        width = max(len(row.ids) for row in rows)
        pad = self.tokenizer.pad_token_id
        ids = torch.tensor([row.ids + [pad] * (width - len(row.ids)) for row in rows])  # [b, t]
        labels = torch.tensor([row.labels + [IGNORED] * (width - len(row.ids)) for row in rows])  # [b, t]
        mask = torch.tensor([[1] * len(row.ids) + [0] * (width - len(row.ids)) for row in rows])  # [b, t]
        device = self.model.device
        with torch.inference_mode():
            logits = self.model(input_ids=ids.to(device), attention_mask=mask.to(device)).logits  # [b, t, vocabulary]
            targets = labels[:, 1:].to(device)  # [b, t - 1]: what each position has to predict
            chosen = targets != IGNORED
            losses = torch.zeros(targets.shape, dtype=torch.float64, device=device)
            # Picked out before the softmax: most positions belong to prompts, and a vocabulary is wide.
            losses[chosen] = torch.nn.functional.cross_entropy(
                logits[:, :-1][chosen].float(), targets[chosen], reduction="none"
            ).double()
        return [float(loss) for loss in losses.sum(dim=1)]


def _batches(order: Sequence[int], lengths: Sequence[int]) -> list[list[int]]:
    """Split indices, given by rising length, into batches within the budget of padded tokens; one row always fits."""
    batches: list[list[int]] = []
    for index in order:
        if batches and (len(batches[-1]) + 1) * lengths[index] <= _LIKELIHOOD_TOKENS:
            batches[-1].append(index)
        else:
            batches.append([index])
    return batches
