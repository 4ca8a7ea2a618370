"""New questions with their answers, after examples (Wang et al. 2023, Self-Instruct)."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from random import Random

from pydantic import BaseModel, Field

from qlora_gov import Drop, Example, Message, Prompt, Settings
from qlora_gov_synthesis.answers import read_object

INSTRUCTION = """\
You write training data for an assistant. You are given examples of what people ask it and what it answers, as JSON. \
Write {rows} new pairs of the same kind: questions that none of the examples asks, and answers that say no more than \
the examples let you know. Vary subject, length and tone; keep to their language. Reply with a JSON object and nothing \
else: {"rows": [{"question": "...", "answer": "..."}]}"""

BLANK = "an empty question or answer"


class SelfInstructSettings(Settings):
    """How often, after how many examples, and by which words new rows are asked for."""

    prompts: int = Field(ge=1, description="how often new rows are asked for")
    examples: int = Field(default=6, ge=1, le=100, description="rows that each prompt shows, drawn at random")
    rows: int = Field(default=4, ge=1, le=100, description="rows that each prompt asks for")
    instruction: str = Field(
        default=INSTRUCTION,
        min_length=1,
        description="the system turn, in which {rows} stands for their number",
    )


class _Pair(BaseModel):
    question: str
    answer: str


class _Rows(BaseModel):
    rows: tuple[_Pair, ...] = Field(min_length=1)


class SelfInstruct:
    """Shows questions and answers; each new row is in a group of its own, with the rows that were shown as parents."""

    def __init__(self, settings: SelfInstructSettings) -> None:
        self._settings = settings

    def template(self) -> str:
        """The system turn, before the examples."""
        return self._settings.instruction.replace("{rows}", str(self._settings.rows))

    def prompts(self, seeds: Sequence[Example], draw: Random) -> Iterator[Prompt]:
        """So many prompts, each with rows of its own draw."""
        system = Message(role="system", content=self.template())
        asking = [seed for seed in seeds if seed.question.strip()]
        for _ in range(self._settings.prompts if asking else 0):
            shown = draw.sample(asking, min(self._settings.examples, len(asking)))
            pairs = [{"question": seed.question, "answer": seed.reference} for seed in shown]
            said = json.dumps({"examples": pairs}, ensure_ascii=False)
            yield Prompt((system, Message(role="user", content=said)), tuple(shown))

    def rows(self, prompt: Prompt, answer: str) -> Sequence[Example | Drop]:
        """A row of two turns for each pair."""
        return [_row(pair) for pair in read_object(answer, _Rows).rows]


def _row(pair: _Pair) -> Example | Drop:
    if not (pair.question.strip() and pair.answer.strip()):
        return Drop(BLANK)
    turns = Message(role="user", content=pair.question), Message(role="assistant", content=pair.answer)
    return Example(messages=turns, group="", source="")
