"""What a card could not say: everything that is Absent in its context, with the reason and where it belongs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from qlora_gov.records import Absent, Component, Frozen
from qlora_gov.reports.card.context.card import CardContext

_SHOWN_WITH_THEIR_RULES = frozenset({"decision", "slices"})
_TOLD_BY_THEIR_ITEMS = frozenset({"facts", "values", "value"})


@dataclass(frozen=True)
class Gap:
    """A reason why something is missing, and all that is: each from the part of the card down to the field."""

    reason: str
    places: tuple[str, ...]


def gaps_of(context: CardContext) -> tuple[Gap, ...]:
    """Each reason once, in the card's order. A rule that gave no number says so in its own line of the forest plot."""
    places: dict[str, dict[str, None]] = {}
    for field in CardContext.model_fields:
        if field not in _SHOWN_WITH_THEIR_RULES:
            for place, reason in _absences(getattr(context, field), (_spoken(field),)):
                places.setdefault(reason, {})[": ".join(place)] = None
    return tuple(Gap(reason, tuple(where)) for reason, where in places.items())


def _absences(value: Any, place: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], str]]:
    match value:
        case Absent():
            yield place, value.absent
        case Component():  # settings are what was set, and hold nothing that could be missing
            return
        case Frozen():
            for field in type(value).model_fields:
                step = () if field in _TOLD_BY_THEIR_ITEMS else (_spoken(field),)
                yield from _absences(getattr(value, field), (*place, *step))
        case tuple():
            for item in value:
                yield from _absences(item, (*place, *_named(item)))


def _named(item: Any) -> tuple[str, ...]:
    """What an item of a list is called, if anything."""
    for field in ("name", "what", "component"):
        if (found := getattr(item, field, None)) is not None:
            return (found.name if isinstance(found, Component) else found,)
    return ()


def _spoken(field: str) -> str:
    return field.replace("_", " ")
