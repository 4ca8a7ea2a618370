"""How a token is chosen: what of a base's generation_config.json has a say in it, and how answers end."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from pydantic import JsonValue

from qlora_gov.errors import ModelError
from qlora_gov.models.chat import IGNORED, tokenise
from qlora_gov.records.evaluation import Decoding
from qlora_gov.records.example import Message

if TYPE_CHECKING:
    import torch
    from transformers import GenerationConfig, PreTrainedModel, PreTrainedTokenizerBase

_MUTE = frozenset(
    {
        "eos_token_id", "pad_token_id", "bos_token_id",
        "do_sample", "temperature", "top_k", "top_p", "min_p", "typical_p", "top_h", "epsilon_cutoff", "eta_cutoff",
        "max_length", "max_new_tokens",
        "use_cache", "cache_implementation", "cache_config",
        "output_attentions", "output_hidden_states", "output_scores", "output_logits", "transformers_version",
    }
)  # fmt: skip
"""What changes no greedy answer: how to sample, what is set anew for each answer, and what it is computed with."""


def say_of(config: GenerationConfig) -> dict[str, JsonValue]:
    """What of a base's own defaults changes its greedy answers, such as a penalty on repetition."""
    given: Mapping[str, Any] = config.to_diff_dict()
    plain: Mapping[str, Any] = type(config)().to_dict()
    return {
        name: value
        for name, value in sorted(given.items())
        if name not in _MUTE and not name.startswith("_") and value is not None and value != plain.get(name)
    }


def take_defaults(
    model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, decoding: Decoding
) -> dict[str, JsonValue]:
    """Leave a model's own defaults in force, or only where answers end; return those that change greedy answers.

    Raises ModelError for a default under which a prompt has no answer of its own.
    """
    config = model.generation_config
    if decoding == "greedy":
        ends = {*ends_of(config), tokenizer.eos_token_id, _turn_end(tokenizer)} - {None}
        model.generation_config = type(config)(
            eos_token_id=sorted(ends) or None, pad_token_id=config.pad_token_id, bos_token_id=config.bos_token_id
        )
        return {}
    said = say_of(config)
    if odd := [name for name in ("num_return_sequences", "stop_strings", "return_dict_in_generate") if name in said]:
        raise ModelError(
            f"base: generation_config.json sets {odd[0]}, with which a prompt has no single answer; remove it, or set "
            "evaluation.generation.decoding: greedy"
        )
    return said


def ends_of(config: GenerationConfig) -> list[int]:
    """The tokens at which a model ends."""
    own = config.eos_token_id
    return own if isinstance(own, list) else [] if own is None else [own]


def _turn_end(tokenizer: PreTrainedTokenizerBase) -> int | None:
    """The token that the chat template puts behind the assistant's turn, which training teaches to produce.

    None where that is no token of its own, or the template marks no turn.
    """
    talk = (Message(role="user", content="a"), Message(role="assistant", content="b"))
    try:
        last = [label for label in tokenise(tokenizer, talk, last_only=True).labels if label != IGNORED][-1]
    except (ModelError, IndexError):
        return None
    return last if last in tokenizer.all_special_ids else None


class NumbersOnly:
    """A processor of logits that changes nothing, and remembers which rows had some that are no numbers."""

    def __init__(self) -> None:
        self.broken: torch.Tensor | None = None

    def __call__(self, input_ids: torch.Tensor, scores: torch.Tensor) -> torch.Tensor:
        """Look at the logits ``[b, vocabulary]`` of one step; minus infinity is a token that is ruled out."""
        odd = (scores.isnan() | scores.isposinf()).any(dim=-1)
        self.broken = odd if self.broken is None else self.broken | odd
        return scores

    def first(self, prompts: int) -> int | None:
        """The first of so many prompts whose answer was chosen from what is no number; each may have several beams."""
        if self.broken is None or not bool(self.broken.any()):
            return None
        return int(self.broken.int().argmax()) * prompts // len(self.broken)
