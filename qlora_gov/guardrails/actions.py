"""What a step of curation does with a row in which a guardrail found something."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType

from qlora_gov.errors import did_you_mean
from qlora_gov.guardrails.redact import redact_numbered, redact_spans
from qlora_gov.plugin.specs import Change, Drop, Finding, Span
from qlora_gov.records.example import Example

Found = Sequence[Sequence[Finding]]
"""The findings in a row, a list for each of its texts."""

REDACT, NUMBERED = "redact", "redact numbered"
_NUMBERS_FROM = 2

IN_REJECTED = "found_in_rejected"
"""The label of a row that stays although something was found in its rejected answer, with the kinds of that."""


def _drop(example: Example, found: Found) -> Change | Drop:
    """Drop the row, unless it is the rejected answer alone that is at fault: it may have been rejected for that."""
    if any(found[: len(example.messages)]):
        return Drop(_kinds(found), _surest(found), spans=_spans(found))
    kinds = _kinds(found)
    labelled = example.model_copy(update={"extra": {**example.extra, IN_REJECTED: kinds}})
    return Change(labelled, kinds, _surest(found), _spans(found))


def _redact(example: Example, found: Found) -> Change:
    texts = zip(example.texts, found, strict=True)
    return _saying(example, [redact_spans(text, findings) for text, findings in texts], found)


def _number(example: Example, found: Found) -> Change:
    return _saying(example, redact_numbered(example.texts, found), found)


def _saying(example: Example, texts: Sequence[str], found: Found) -> Change:
    return Change(example.with_texts(texts), _kinds(found), _surest(found), _spans(found))


def _kinds(found: Found) -> str:
    return ", ".join(sorted({finding.kind for turn in found for finding in turn}))


def _surest(found: Found) -> float:
    return max(finding.score for turn in found for finding in turn)


def _spans(found: Found) -> tuple[Span, ...]:
    """Where the findings are, in the row as it was."""
    return tuple(Span(at, one.kind, one.start, one.end) for at, turn in enumerate(found) for one in turn)


Action = Callable[[Example, Found], Change | Drop]

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
