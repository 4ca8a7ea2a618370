"""Every number that a card states, with the record and the field that it comes from."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from typing import NamedTuple

from pydantic import JsonValue

from qlora_gov.evidence.card import card_records
from qlora_gov.ledger import Entry, Ledger
from qlora_gov.records import About, DatasetVersion, Decision, DetectorErrors, Evaluation, Frozen, Outcome
from qlora_gov.reports.card.assembly import card_context
from qlora_gov.reports.rendering.figures import number
from qlora_gov.tracing.opening import OpenedCard
from qlora_gov.tracing.shown import as_shown

DERIVED = "worked out by the card"
"""The group of shares, counts and the like, which follow from numbers of the other groups."""

_NUMBER = re.compile(r"(?<![\w.])-?\d[\d,]*(?:\.\d+)?(?:e[+-]?\d+)?%?(?!\w|\.\d)")

_REVISIONS = ("methods", "revision", "edition", "places", "value_places")
"""Fields that no card states: which code and which layout, not how much."""


class StatedNumber(Frozen):
    """A number on a card. The path of its field is as in ``qlora-gov ledger show``."""

    group: str
    field: str
    value: int | float
    shown: str
    seq: int
    id: str
    metric: str | None = None


class _Found(NamedTuple):
    field: str
    value: int | float
    shown: str


def stated_numbers(ledger: Ledger, opened: OpenedCard, about: About) -> list[StatedNumber]:
    """All numbers by the kind of their record; last, those of the card that no record holds as they are.

    ``metric`` is what to trace a measured one by. ``about`` is what the project says of itself, where no card but a
    decision was opened.
    """
    decided = opened.entry(opened.decision.id)
    head = _stated("ledger head", _Found("seq", decided.seq, number(decided.seq)), decided)
    held = [one for entry in opened.entries for one in _numbers(entry, opened)]
    known = {(type(one.value), one.value) for one in (head, *held)}  # 0 is no 0.000
    with ledger.reading():  # what follows shares this opening of the file
        context = card_context(card_records(ledger, opened.decision, _about(opened) or about)).model_dump(mode="json")
    derived = [*_walk("", context), *_counts("", context), *_outcomes(opened.decision)]
    return [
        head,
        *held,
        *(_stated(DERIVED, found, decided) for found in derived if (type(found.value), found.value) not in known),
    ]


def _about(opened: OpenedCard) -> About | None:
    return next((entry.record for entry in opened.entries if isinstance(entry.record, About)), None)


def _group(opened: OpenedCard, entry: Entry) -> str:
    """The kind of record, with its side or role where there are several."""
    sides = {evaluation.id: who for who, evaluation in opened.evaluations.items()}
    sides |= {evaluation.responses: who for who, evaluation in opened.evaluations.items()}
    if isinstance(entry.record, DatasetVersion):
        return f"{entry.record.role} dataset"
    return f"{sides[entry.id]}'s {entry.kind}" if entry.id in sides else entry.kind


def _numbers(entry: Entry, opened: OpenedCard) -> Iterator[StatedNumber]:
    metrics, group = _metrics(entry), _group(opened, entry)
    shown = as_shown(entry.record, opened.decision, list(opened.evaluations.values()))
    for found in [*_walk("", entry.record.model_dump(mode="json")), *_rates(entry)]:
        written = found._replace(shown=shown.get(found.field, found.shown))
        yield _stated(group, written, entry, metrics.get(found.field.partition("]")[0] + "]"))


def _metrics(entry: Entry) -> dict[str, str]:
    """The measurement that each part of a record is about, by the start of its fields' paths."""
    match entry.record:
        case Evaluation() as evaluation:
            measured = {f"measurements[{at}]": one.name for at, one in enumerate(evaluation.measurements)}
            return measured | {f"scans[{at}]": scan.name for at, scan in enumerate(evaluation.scans)}
        case Decision() as decision:
            rules = enumerate(item.rule for item in decision.verdicts)
            return {f"verdicts[{at}]": rule.metric for at, rule in rules if rule.judges == "metric"}
    return {}


def _walk(field: str, value: JsonValue) -> Iterator[_Found]:
    """The numbers within a JSON value and its prose, each as a card writes it."""
    match value:
        case bool():
            pass
        case int() | float():
            yield _Found(field, value, number(value))
        case str() if " " in value:
            for shown in _NUMBER.findall(value):
                yield _Found(field, float(shown.replace(",", "").rstrip("%")), shown)
        case dict():
            for name, inner in value.items():
                if name not in _REVISIONS:
                    yield from _walk(f"{field}.{name}" if field else name, inner)
        case list():
            for at, inner in enumerate(value):
                yield from _walk(f"{field}[{at}]", inner)


def _rates(entry: Entry) -> Iterator[_Found]:
    """Sensitivity and specificity, which a record holds as counts."""
    for at, scan in enumerate(entry.record.scans if isinstance(entry.record, Evaluation) else ()):
        if isinstance(scan.errors, DetectorErrors):
            for name in ("sensitivity", "specificity"):
                value = getattr(scan.errors, name)
                yield _Found(f"scans[{at}].errors.{name}", value, number(value))


def _counts(field: str, value: JsonValue) -> Iterator[_Found]:
    """How many things a card lists."""
    match value:
        case dict():
            for name, inner in value.items():
                yield from _counts(f"{field}.{name}" if field else name, inner)
        case list():
            yield _Found(f"number of {field}", len(value), number(len(value)))


def _outcomes(decision: Decision) -> Iterator[_Found]:
    counted = Counter(item.verdict.outcome for item in decision.verdicts)
    for outcome in Outcome:
        yield _Found(f"number of rules that are {outcome}", counted[outcome], number(counted[outcome]))


def _stated(group: str, found: _Found, entry: Entry, metric: str | None = None) -> StatedNumber:
    return StatedNumber(group=group, **found._asdict(), seq=entry.seq, id=entry.id, metric=metric)
