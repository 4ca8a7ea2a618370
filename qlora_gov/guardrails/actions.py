"""What a step of curation does with a row in which a guardrail found something."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType

from qlora_gov.errors import did_you_mean
from qlora_gov.guardrails.redact import redact_spans
from qlora_gov.plugin.specs import Drop, Finding
from qlora_gov.records.example import Example, Message

Found = Sequence[Sequence[Finding]]
"""The findings in a row, a list for each of its turns."""


def _drop(example: Example, found: Found) -> Drop:
    return Drop(", ".join(sorted({finding.kind for turn in found for finding in turn})))


def _redact(example: Example, found: Found) -> Example:
    return example.with_messages(
        tuple(
            Message(role=message.role, content=redact_spans(message.content, turn))
            for message, turn in zip(example.messages, found, strict=True)
        )
    )


ACTIONS: Mapping[str, Callable[[Example, Found], Example | Drop]] = MappingProxyType({"drop": _drop, "redact": _redact})
"""Each action by its name in the project file."""


def known_action(name: str | None) -> str:
    """The name of an action. Raises ValueError for none, and for one that is not known."""
    if name is None:
        raise ValueError(f"no action is set; known: {', '.join(ACTIONS)}")
    if name not in ACTIONS:
        raise ValueError(f"no action is named {name!r}; {did_you_mean(name, ACTIONS)}")
    return name
