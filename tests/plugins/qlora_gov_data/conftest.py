"""Examples, and what filters say of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pytest

from qlora_gov import DecontaminatingFilter, Drop, Example, Filter, Message, SetFilter

Component = Filter | DecontaminatingFilter | SetFilter


@pytest.fixture
def chat() -> Callable[..., Example]:
    """An example of the turns user, assistant, user, assistant..., each in a group of its own."""

    def make(*turns: str, system: str | None = None, group: str | None = None) -> Example:
        messages = [
            Message(role="user" if place % 2 == 0 else "assistant", content=turn) for place, turn in enumerate(turns)
        ]
        if system is not None:
            messages.insert(0, Message(role="system", content=system))
        example = Example(messages=tuple(messages), group=group or "", source="test:1")
        return example if group else example.model_copy(update={"group": example.id})

    return make


@pytest.fixture
def verdicts() -> Callable[..., list[str | None]]:
    """The reason for which each row is dropped, or None where the very row stays."""

    def judge(component: Component, examples: Sequence[Example], held_out: Sequence[Example] = ()) -> list[str | None]:
        if hasattr(component, "choose"):
            sketches = [sketch for example in examples for sketch in component.sketch([example])]
            drops = component.choose([example.id for example in examples], sketches)
            assert all(drop.matched != examples[place].source for place, drop in drops.items())
            return [drops[place].reason if place in drops else None for place in range(len(examples))]
        if hasattr(component, "keep_clear_of"):
            component.keep_clear_of(held_out)
        results = component.apply(examples)
        assert len(results) == len(examples)
        kept = [(row, result) for row, result in zip(examples, results, strict=True) if not isinstance(result, Drop)]
        assert all(result is row for row, result in kept)
        return [result.reason if isinstance(result, Drop) else None for result in results]

    return judge
