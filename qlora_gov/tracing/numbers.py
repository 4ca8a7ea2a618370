"""Every number that a card states, with the record and the field that it comes from."""

from __future__ import annotations

import re
from collections.abc import Iterator

from pydantic import JsonValue

from qlora_gov.gathering import evidence_of
from qlora_gov.ledger import Entry, Ledger
from qlora_gov.records import About, DatasetVersion, Decision, Evaluation, Frozen
from qlora_gov.reports.assembly import card_context
from qlora_gov.reports.figures import number
from qlora_gov.tracing.opening import OpenedCard

DERIVED = "worked out by the card"
"""The group of shares, counts and the like, which follow from numbers of the other groups."""


_NUMBER = re.compile(r"(?<![\w.])-?\d[\d,]*(?:\.\d+)?(?:e[+-]?\d+)?%?(?!\w)")


class StatedNumber(Frozen):
    """A number on a card. The path of its field is as in ``qlora-gov ledger show``."""

    group: str
    field: str
    value: int | float
    shown: str
    seq: int
    id: str
    metric: str | None = None


def stated_numbers(ledger: Ledger, opened: OpenedCard, about: About) -> list[StatedNumber]:
    """All numbers by the kind of their record; last, those of the card that no record holds as they are.

    ``metric`` is what to trace a measured one by. ``about`` is what the project says of itself, where it is no card
    but a decision that was opened.
    """
    with ledger.reading():  # what follows shares this opening of the file
        context = card_context(evidence_of(ledger, opened.decision, _about(opened) or about))
    held = [one for entry in opened.entries for one in _numbers(entry, _group(opened, entry))]
    decided = opened.entry(opened.decision.id)
    head = _stated("ledger head", "seq", decided.seq, number(decided.seq), decided)
    known = {one.value for one in (head, *held)}
    derived = [
        _stated(DERIVED, field, value, shown, decided)
        for field, value, shown in _walk("", context.model_dump(mode="json"))
        if value not in known
    ]
    return [head, *held, *derived]


def _about(opened: OpenedCard) -> About | None:
    return next((entry.record for entry in opened.entries if isinstance(entry.record, About)), None)


def _group(opened: OpenedCard, entry: Entry) -> str:
    """The kind of record, with its side where there are several."""
    sides = {evaluation.id: who for who, evaluation in opened.evaluations.items()}
    sides |= {evaluation.responses: who for who, evaluation in opened.evaluations.items()}
    if isinstance(entry.record, DatasetVersion):
        return f"{entry.record.role} dataset"
    return f"{sides[entry.id]}'s {entry.kind}" if entry.id in sides else entry.kind


def _numbers(entry: Entry, group: str) -> Iterator[StatedNumber]:
    metrics = _metrics(entry)
    for field, value, shown in _walk("", entry.record.content()):
        owner = field.partition("]")[0] + "]"
        yield _stated(group, field, value, shown, entry, metrics.get(owner))


def _metrics(entry: Entry) -> dict[str, str]:
    """The measurement that each part of a record is about, by the start of its fields' paths."""
    match entry.record:
        case Evaluation() as evaluation:
            measured = {f"measurements[{at}]": one.name for at, one in enumerate(evaluation.measurements)}
            return measured | {f"scans[{at}]": scan.name for at, scan in enumerate(evaluation.scans)}
        case Decision() as decision:
            return {f"verdicts[{at}]": item.rule.metric for at, item in enumerate(decision.verdicts)}
    return {}


def _walk(field: str, value: JsonValue) -> Iterator[tuple[str, int | float, str]]:
    """The numbers within a JSON value and its prose, each by the path of its field, and as a card writes it."""
    match value:
        case bool():
            pass
        case int() | float():
            yield field, value, number(value)
        case str() if " " in value:
            for shown in _NUMBER.findall(value):
                yield field, float(shown.replace(",", "").rstrip("%")), shown
        case dict():
            for name, inner in value.items():
                yield from _walk(f"{field}.{name}" if field else name, inner)
        case list():
            for at, inner in enumerate(value):
                yield from _walk(f"{field}[{at}]", inner)


def _stated(
    group: str, field: str, value: int | float, shown: str, entry: Entry, metric: str | None = None
) -> StatedNumber:
    return StatedNumber(group=group, field=field, value=value, shown=shown, seq=entry.seq, id=entry.id, metric=metric)
