"""Which policy is on record, and which was in force when a subject first answered."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from qlora_gov.errors import UsageError
from qlora_gov.evidence.adapters import same_weights
from qlora_gov.evidence.evaluations import answers_to, responses_of
from qlora_gov.evidence.looks import SharedRows
from qlora_gov.evidence.mending import NotMendedError, Scored, mended_metrics
from qlora_gov.ledger import Entry, Ledger
from qlora_gov.ledger.reading import fetch, held
from qlora_gov.records import DatasetVersion, Evaluation, Policy, Responses


@dataclass(frozen=True)
class Standing:
    """How a decision stands: whether it is exploratory, else which metrics were mended since; ``why`` it is not so."""

    exploratory: bool
    mended: tuple[str, ...] = ()
    why: str | None = None


def standing(ledger: Ledger, policy: Policy, sides: Mapping[str, Evaluation], before: int | None = None) -> Standing:
    """Whether the policy, or the same with a metric mended, was in force when the candidate first answered.

    ``before`` is the number of the entry that is asked about; by default it comes last.
    """
    compared = {who: Scored(one, responses_of(ledger, one)) for who, one in sides.items()}
    candidate = compared["candidate"].responses

    def earlier(entries: Iterable[Entry]) -> list[Entry]:
        return [entry for entry in entries if before is None or entry.seq < before]

    answers = earlier(answers_to(ledger, candidate.dataset))
    mine = earlier(_own_answers(ledger, candidate, answers, by_row=policy.looks_by == "row"))
    found = in_force(earlier(recorded_policies(ledger, policy.purpose)), mine)
    return standing_of(found, policy, compared, lambda: _scored(ledger, answers, before))


def _own_answers(ledger: Ledger, like: Responses, answers: Sequence[Entry], *, by_row: bool) -> list[Entry]:
    """The candidate's own among the ``answers`` to its rows; by row, also those of its weights to some of the rows."""
    assert like.adapter is not None, "a candidate is an adapter"
    if not by_row:
        return [entry for entry in answers if held(entry, Responses).adapter == like.adapter]
    adapters = same_weights(ledger, like.adapter)
    shared = SharedRows(ledger, fetch(ledger, like.dataset, DatasetVersion))
    mine = [entry for entry in ledger.entries(Responses.kind) if held(entry, Responses).adapter in adapters]
    return [entry for entry in mine if shared.with_set(held(entry, Responses).dataset).any()]


def standing_of(
    found: Policy | None, policy: Policy, sides: Mapping[str, Scored], scored: Callable[[], Iterable[Scored]]
) -> Standing:
    """The same from the policy that was found in force; ``scored`` gives all evaluations of the rows."""
    if found is None:
        return Standing(True)
    if found.terms == policy.terms:
        return Standing(False)
    try:
        return Standing(False, mended_metrics(found, policy, sides, scored()))
    except NotMendedError as error:
        return Standing(True, why=str(error))


def _scored(ledger: Ledger, answers: Sequence[Entry], before: int | None) -> Iterator[Scored]:
    by_id = {entry.id: held(entry, Responses) for entry in answers}
    for entry in ledger.entries(Evaluation.kind):
        evaluation = held(entry, Evaluation)
        if evaluation.responses in by_id and (before is None or entry.seq < before):
            yield Scored(evaluation, by_id[evaluation.responses])


def recorded_policies(ledger: Ledger, purpose: str) -> list[Entry]:
    """The entries of all policies of one purpose, oldest first."""
    return [entry for entry in ledger.entries(Policy.kind) if held(entry, Policy).purpose == purpose]


def stated(ledger: Ledger, policy: Policy) -> Policy:
    """The newest policy on record with the terms of this one. Raises UsageError where there is none."""
    for entry in reversed(recorded_policies(ledger, policy.purpose)):
        if held(entry, Policy).terms == policy.terms:
            return held(entry, Policy)
    raise UsageError("the project's policy is not on record; 'qlora-gov policy' records it")


def in_force(recorded: Sequence[Entry], answers: Sequence[Entry]) -> Policy | None:
    """The policy that was recorded last before the first of some answers; ``recorded`` are in the ledger's order."""
    first = min(answers, key=lambda entry: (_made(entry), entry.seq))
    return next((held(entry, Policy) for entry in reversed(recorded) if not _made_before(first, entry)), None)


def _made(answered: Entry) -> datetime:
    """When answers were made; imported ones when their log says that the evaluation began.

    They were made at the latest when they came on record, whatever a clock that is ahead wrote into their log.
    """
    claim, recorded = held(answered, Responses).claim, datetime.fromisoformat(answered.at)
    return min(datetime.fromisoformat(claim.began), recorded) if claim else recorded


def _made_before(answered: Entry, stated: Entry) -> bool:
    known = answered.seq < stated.seq
    if held(answered, Responses).claim is not None:
        return known or _made(answered) < datetime.fromisoformat(stated.at)
    return known
