"""Conversations through the tokenizer's own chat template, with the assistant's tokens marked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from qlora_gov.errors import ModelError
from qlora_gov.records.example import Message

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

IGNORED = -100
"""The label of a token that carries no loss, as torch's cross entropy has it."""


@dataclass(frozen=True)
class Tokenised:
    """A conversation's token ids ``[t]``, and labels ``[t]``: the id where it is the assistant's, else IGNORED."""

    ids: list[int]
    labels: list[int]

    @property
    def targets(self) -> int:
        """How many tokens carry loss. The first token has no prediction and never does."""
        return sum(label != IGNORED for label in self.labels[1:])


def tokenise(tokenizer: PreTrainedTokenizerBase, messages: Sequence[Message], *, last_only: bool = False) -> Tokenised:
    """Tokenise a conversation; loss falls on the assistant's turns, or with ``last_only`` on its last turn.

    An assistant's turn runs from the end of the generation prompt to its end-of-turn token, white space that the
    template adds behind it excluded: these are the tokens that generation has to produce. Raises ModelError where
    the template renders a conversation's beginning differently once it goes on, since no turn can be marked then.
    """
    text = render(tokenizer, messages)
    turns = [index for index, message in enumerate(messages) if message.role == "assistant"]
    spans = [_span(tokenizer, messages, index, text) for index in (turns[-1:] if last_only else turns)]
    encoded = tokenizer(text, add_special_tokens=False, return_offsets_mapping=True)
    labels = [
        token if any(start <= first < end for start, end in spans) else IGNORED
        for token, (first, _) in zip(encoded["input_ids"], encoded["offset_mapping"], strict=True)
    ]
    return Tokenised(list(encoded["input_ids"]), labels)


def render(tokenizer: PreTrainedTokenizerBase, messages: Sequence[Message], *, prompt: bool = False) -> str:
    """The conversation as the template writes it; with ``prompt``, ready for the assistant to go on."""
    plain = [message.model_dump() for message in messages]
    try:
        return str(tokenizer.apply_chat_template(plain, tokenize=False, add_generation_prompt=prompt))
    except Exception as error:  # a template is a program of its own and raises what it likes
        raise ModelError(f"base: the chat template refuses a conversation: {error}") from error


def _span(tokenizer: PreTrainedTokenizerBase, messages: Sequence[Message], index: int, text: str) -> tuple[int, int]:
    before = render(tokenizer, messages[:index], prompt=True)
    through = render(tokenizer, messages[: index + 1])
    if not (text.startswith(through) and through.startswith(before)):
        raise ModelError("base: the chat template rewrites earlier turns, so the assistant's tokens cannot be marked")
    return len(before), len(through.rstrip())
