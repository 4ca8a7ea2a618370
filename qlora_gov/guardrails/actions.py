"""What a step of curation does with a row in which a guardrail found something."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType

from qlora_gov.errors import did_you_mean
from qlora_gov.guardrails.redact import redact_numbered, redact_spans
from qlora_gov.plugin.specs import Drop, Finding
from qlora_gov.records.example import Example, Message

Found = Sequence[Sequence[Finding]]
"""The findings in a row, a list for each of its turns."""

REDACT, NUMBERED = "redact", "redact numbered"
_NUMBERS_FROM = 2


def _drop(example: Example, found: Found) -> Drop:
    return Drop(", ".join(sorted({finding.kind for turn in found for finding in turn})))


def _redact(example: Example, found: Found) -> Example:
    turns = zip(example.messages, found, strict=True)
    return _saying(example, [redact_spans(message.content, turn) for message, turn in turns])


def _number(example: Example, found: Found) -> Example:
    return _saying(example, redact_numbered([message.content for message in example.messages], found))


def _saying(example: Example, texts: Sequence[str]) -> Example:
    turns = zip(example.messages, texts, strict=True)
    return example.with_messages(tuple(Message(role=message.role, content=text) for message, text in turns))


Action = Callable[[Example, Found], Example | Drop]

ACTIONS: Mapping[str, Action] = MappingProxyType({"drop": _drop, REDACT: _redact})
"""Each action by its name in the project file."""

RECORDED: Mapping[str, Action] = MappingProxyType({**ACTIONS, NUMBERED: _number})
"""Each action by its name on record."""


def known_action(name: str | None) -> str:
    """The name of an action in a project file. Raises ValueError for none, and for one that is not known."""
    if name is None:
        raise ValueError(f"no action is set; known: {', '.join(ACTIONS)}")
    if name not in ACTIONS:
        raise ValueError(f"no action is named {name!r}; {did_you_mean(name, ACTIONS)}")
    return name


def acting(name: str, schema: int) -> str:
    """What a project of some schema does by the action of that name, as it is recorded.

    Rows that were redacted under the first schema stay what they are: placeholders got their numbers with the second.
    """
    return NUMBERED if name == REDACT and schema >= _NUMBERS_FROM else name
