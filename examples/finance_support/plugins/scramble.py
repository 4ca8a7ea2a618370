"""A plugin in one file: a filter that spoils training targets, to show that the gate refuses what comes of it."""

from __future__ import annotations

from collections.abc import Sequence

from qlora_gov import Example, FilterSpec, Message, hookimpl


class ScrambleTargets:
    """Reverses the words of every answer."""

    def apply(self, rows: Sequence[Example]) -> Sequence[Example]:
        return [self._scramble(row) for row in rows]

    def _scramble(self, example: Example) -> Example:
        spoilt = " ".join(reversed(example.reference.split()))
        return example.with_messages((*example.prompt, Message(role="assistant", content=spoilt)))


@hookimpl
def qlora_gov_filters() -> list[FilterSpec]:
    return [FilterSpec(name="scramble_targets", summary="Reverses the words of every answer", factory=ScrambleTargets)]
