"""A filter that keeps training rows clear of the evaluation set."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from pydantic import Field

from qlora_gov import Drop, Example
from qlora_gov_data.similarity import NearTexts, Similarity
from qlora_gov_data.texts import dialogue, normalised

GROUP = Drop("group is held out")
TEXT = Drop("text is held out")
NEAR = Drop("near-duplicate of a held-out row")


class HeldOutLeakSettings(Similarity):
    """Prompts are short: one changed word of ten leaves .64 of the pairs of words, but .45 of the triples."""

    threshold: float = Field(default=0.6, ge=0.1, lt=1, description="least similarity at which a prompt leaks")
    shingle: int = Field(default=2, ge=1, le=10, description="words that are compared as one")


class HeldOutLeak:
    """Drops a row that shares its group or its prompt with a held-out row, or whose prompt is near to one's.

    Each row is judged by itself: neither the order of the rows nor that of the held-out ones matters.
    """

    def __init__(self, settings: HeldOutLeakSettings) -> None:
        self._settings = settings

    def apply(self, examples: Sequence[Example], held_out: Sequence[Example]) -> Sequence[Example | Drop]:
        """Return each example, or a Drop that says what of it is held out."""
        held = _HeldOut(held_out, self._settings)
        return [held.leak(example) or example for example in examples]


class _HeldOut:
    """What training rows must not share with the held-out rows."""

    def __init__(self, examples: Sequence[Example], settings: Similarity) -> None:
        prompts = [dialogue(example.prompt) for example in examples]
        self._groups = {example.group for example in examples}
        self._invisible = settings.invisible
        self._texts = {text for prompt in prompts if (text := normalised(prompt, self._invisible))}
        self._near = NearTexts(settings)
        for prompt in prompts:
            self._near.add(self._near.sketch(prompt))

    def leak(self, example: Example) -> Drop | None:
        if example.group in self._groups:
            return GROUP
        prompts = list(_prompts(example))
        if any(normalised(prompt, self._invisible) in self._texts for prompt in prompts):
            return TEXT
        if any(self._near.has_near(self._near.sketch(prompt)) for prompt in prompts):
            return NEAR
        return None


def _prompts(example: Example) -> Iterator[str]:
    """What was said before each assistant turn, since training learns from every one of them."""
    for place, message in enumerate(example.messages):
        if message.role == "assistant":
            yield dialogue(example.messages[:place])
