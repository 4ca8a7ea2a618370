"""Filters for conversations that stood earlier, exactly or nearly."""

from __future__ import annotations

from collections.abc import Sequence

from qlora_gov import Drop, Example
from qlora_gov_data.similarity import NearTexts, Similarity
from qlora_gov_data.texts import Comparison, dialogue, normalised

EXACT = Drop("exact duplicate")
NEAR = Drop("near-duplicate")


class ExactDuplicates:
    """Keeps the first of all rows with the same roles and the same normalised texts."""

    def __init__(self, settings: Comparison) -> None:
        self._settings = settings

    def apply(self, examples: Sequence[Example], held_out: Sequence[Example]) -> Sequence[Example | Drop]:
        """Return each example, or a Drop where an earlier one holds the same conversation."""
        seen: set[tuple[tuple[str, str], ...]] = set()
        results: list[Example | Drop] = []
        for example in examples:
            texts = (normalised(message.content, self._settings.invisible) for message in example.messages)
            conversation = tuple(zip((message.role for message in example.messages), texts, strict=True))
            results.append(EXACT if conversation in seen else example)
            seen.add(conversation)
        return results


class NearDuplicates:
    """Keeps a row unless a row kept before it is near, over the turns of user and assistant."""

    def __init__(self, settings: Similarity) -> None:
        self._settings = settings

    def apply(self, examples: Sequence[Example], held_out: Sequence[Example]) -> Sequence[Example | Drop]:
        """Return each example, or a Drop where one that was kept before is near."""
        kept = NearTexts(self._settings)
        results: list[Example | Drop] = []
        for example in examples:
            sketch = kept.sketch(dialogue(example.messages))
            if kept.has_near(sketch):
                results.append(NEAR)
            else:
                kept.add(sketch)
                results.append(example)
        return results
