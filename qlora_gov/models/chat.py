"""Conversations through the tokenizer's own chat template, with the assistant's tokens marked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache, partial
from itertools import pairwise
from typing import TYPE_CHECKING

from qlora_gov.errors import ModelError
from qlora_gov.models.clock import CALL, CLOCK, Clock
from qlora_gov.models.control import ControlTokens, Pieces, Shield, shielded
from qlora_gov.records.example import Message, Role

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

IGNORED = -100
"""The label of a token that carries no loss, as torch's cross entropy has it."""


@dataclass(frozen=True)
class Tokenised:
    """A conversation's token ids ``[t]``, and labels ``[t]``: the id where it is the assistant's, else IGNORED.

    ``shielded`` says that the conversation spells a control token, which was kept as text.
    """

    ids: list[int]
    labels: list[int]
    shielded: bool = False

    @property
    def targets(self) -> int:
        """How many tokens carry loss. The first token has no prediction and never does."""
        return sum(label != IGNORED for label in self.labels[1:])


def tokenise(
    tokenizer: PreTrainedTokenizerBase,
    messages: Sequence[Message],
    *,
    last_only: bool = False,
    prompt: bool = False,
    clock: Clock = CLOCK,
) -> Tokenised:
    """Tokenise a conversation; loss falls on the assistant's turns, or with ``last_only`` on its last turn.

    An assistant's turn runs from the end of the generation prompt to its end-of-turn token, white space that the
    template adds behind it excluded: these are the tokens that generation has to produce. With ``prompt`` the
    conversation is what the assistant is to answer, and no token carries loss. Raises ModelError where the template
    refuses a conversation, or renders its beginning differently once it goes on, since no turn can be marked then.
    """
    row = _Row(tokenizer, messages, last_only, prompt, clock)
    plain = row.plain()
    control = control_tokens(tokenizer)
    for among in (control.all, control.fixed):
        shield = shielded([m.content for m in messages], partial(control.spelled, among=among))
        if not shield.stands_for:
            return plain
        if (ids := row.behind(shield, control)) is not None:
            return ids if ids.ids != plain.ids else plain
    spelled = sorted(set(shield.stands_for.values()))
    raise ModelError(f"base: the chat template takes {', '.join(spelled)} in a conversation for its own control token")


@dataclass(frozen=True)
class _Row:
    """A conversation on its way to tokens."""

    tokenizer: PreTrainedTokenizerBase
    messages: Sequence[Message]
    last_only: bool
    prompt: bool
    clock: Clock

    def plain(self) -> Tokenised:
        """As the tokenizer takes it, which makes every spelling of a control token a real one."""
        pieces = self.pieces(self.messages)
        encoded = self.tokenizer("".join(p for p, _ in pieces), add_special_tokens=False, return_offsets_mapping=True)
        mine = [inside for piece, inside in pieces for _ in piece]
        firsts = [first for first, _ in encoded["offset_mapping"]]
        return _labelled(
            [(id_, at < len(mine) and mine[at]) for id_, at in zip(encoded["input_ids"], firsts, strict=True)]
        )

    def behind(self, shield: Shield, control: ControlTokens) -> Tokenised | None:
        """With what spells control tokens kept as text; None where the template does not copy it as it stands."""
        changed = [m.model_copy(update={"content": t}) for m, t in zip(self.messages, shield.texts, strict=True)]
        pieces = self.pieces(changed)
        if [(shield.put_back(piece), mine) for piece, mine in pieces] != list(self.pieces(self.messages)):
            return None
        return _labelled(control.encode(pieces, shield), shielded=True)

    def pieces(self, messages: Sequence[Message]) -> Pieces:
        """The rendered text in pieces, each with whether it carries loss."""
        text = render(self.tokenizer, messages, prompt=self.prompt, clock=self.clock)
        turns = [] if self.prompt else [at for at, message in enumerate(messages) if message.role == "assistant"]
        spans = [self._span(messages, at, text) for at in (turns[-1:] if self.last_only else turns)]
        cuts = [0, *(cut for span in spans for cut in span), len(text)]
        return [(text[start:end], bool(at % 2)) for at, (start, end) in enumerate(pairwise(cuts))]

    def _span(self, messages: Sequence[Message], index: int, text: str) -> tuple[int, int]:
        before = render(self.tokenizer, messages[:index], prompt=True, clock=self.clock)
        through = render(self.tokenizer, messages[: index + 1], clock=self.clock)
        if not (text.startswith(through) and through.startswith(before)):
            raise ModelError(
                "base: the chat template rewrites earlier turns, so the assistant's tokens cannot be marked"
            )
        return len(before), len(through.rstrip())


def _labelled(tokens: Sequence[tuple[int, bool]], *, shielded: bool = False) -> Tokenised:
    return Tokenised([id_ for id_, _ in tokens], [id_ if mine else IGNORED for id_, mine in tokens], shielded)


def render(
    tokenizer: PreTrainedTokenizerBase, messages: Sequence[Message], *, prompt: bool = False, clock: Clock = CLOCK
) -> str:
    """The conversation as the template writes it; with ``prompt``, ready for the assistant to go on.

    The template sees the messages and the clock, and nothing else: no tools, documents or variables.
    """
    plain = [message.model_dump() for message in messages]
    try:
        told = clock.told(tokenizer.get_chat_template())
        return str(tokenizer.apply_chat_template(plain, tokenize=False, add_generation_prompt=prompt, **told))
    except Exception as error:  # a template is a program of its own and raises what it likes
        raise ModelError(f"base: the chat template refuses a conversation: {error}") from error


def asks_for_the_day(
    tokenizer: PreTrainedTokenizerBase, messages: Sequence[Message], *, prompt: bool = False, clock: Clock
) -> bool:
    """Whether the template writes a conversation otherwise at another time."""
    if CALL not in tokenizer.get_chat_template():
        return False
    now, then = (render(tokenizer, messages, prompt=prompt, clock=at) for at in (clock, clock.another))
    return now != then


def control_tokens(tokenizer: PreTrainedTokenizerBase) -> ControlTokens:
    """The tokenizer's special tokens, and what of its added ones the template writes around turns."""
    return _control_tokens(tokenizer, tokenizer.get_chat_template())


@lru_cache(maxsize=8)
def _control_tokens(tokenizer: PreTrainedTokenizerBase, template: str) -> ControlTokens:
    return ControlTokens(tokenizer, {id_ for roles in _TALKS for id_ in _around_turns(tokenizer, roles)})


_TALKS: Sequence[Sequence[Role]] = (
    ("user", "assistant", "user", "assistant"),
    ("system", "user", "assistant"),
    ("user", "assistant", "tool", "assistant"),
)


def _around_turns(tokenizer: PreTrainedTokenizerBase, roles: Sequence[Role]) -> set[int]:
    """What stands outside the assistant's turns of a talk, or ends one; what it is to write within them is its own."""
    try:
        row = _Row(tokenizer, [Message(role=role, content="a") for role in roles], False, False, CLOCK).plain()
    except ModelError:  # this template knows no such talk
        return set()
    ends = [label for label, after in pairwise([*row.labels, IGNORED]) if after == IGNORED != label]
    return {*ends, *(id_ for id_, label in zip(row.ids, row.labels, strict=True) if label == IGNORED)}
