"""Variants of a question, which keep its answer."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from random import Random

from pydantic import BaseModel, Field

from qlora_gov import Drop, Example, Message, Prompt, Settings
from qlora_gov_synthesis.answers import read_object

INSTRUCTION = """\
You write training data for an assistant. You are given a message to it, as JSON, with the answer that it gave. Write \
{variants} other messages to which the very same answer is right and complete. Ask for the same thing in other words \
and in another tone, as other people would, in the language of the message; add and leave out no fact. Reply with a \
JSON object and nothing else: {"variants": ["...", "..."]}"""

SAME = "the question as it was"
FEW = "fewer variants than were asked for"
BLANK = "an empty question"


class ParaphraseSettings(Settings):
    """How many variants of each row, and by which words they are asked for."""

    variants: int = Field(default=3, ge=1, le=100, description="variants of each row, all in one request")
    instruction: str = Field(
        default=INSTRUCTION,
        min_length=1,
        description="the system turn, in which {variants} stands for their number",
    )


class _Variants(BaseModel):
    variants: tuple[str, ...]


class Paraphrase:
    """Asks for variants of the last turn of the user; all other turns stay. A row without one makes no prompt."""

    def __init__(self, settings: ParaphraseSettings) -> None:
        self._settings = settings

    def template(self) -> str:
        """The system turn, before the row's own message and answer."""
        return self._settings.instruction.replace("{variants}", str(self._settings.variants))

    def prompts(self, seeds: Sequence[Example], draw: Random) -> Iterator[Prompt]:
        """One prompt for each row."""
        system = Message(role="system", content=self.template())
        for seed in seeds:
            if seed.question.strip():
                said = json.dumps({"message": seed.question, "answer": seed.reference}, ensure_ascii=False)
                yield Prompt((system, Message(role="user", content=said)), (seed,))

    def rows(self, prompt: Prompt, answer: str) -> Sequence[Example | Drop]:
        """The row with each variant in place of its question; more than were asked for are no harm."""
        (seed,) = prompt.parents
        variants = read_object(answer, _Variants).variants
        short = [Drop(FEW)] * (self._settings.variants - len(variants))
        return [*(_asking(seed, variant) for variant in variants), *short]


def _asking(seed: Example, variant: str) -> Example | Drop:
    """The row with another question."""
    if not variant.strip():
        return Drop(BLANK)
    if variant.split() == seed.question.split():
        return Drop(SAME)
    last = max(place for place, message in enumerate(seed.prompt) if message.role == "user")
    question = Message(role="user", content=variant)
    return seed.with_messages((*seed.messages[:last], question, *seed.messages[last + 1 :]))
