"""The records that a card rests on."""

from __future__ import annotations

from qlora_gov.evidence.datasets import changes_of
from qlora_gov.evidence.evaluations import responses_of
from qlora_gov.ledger import Entry, Ledger
from qlora_gov.ledger.reading import fetch, held
from qlora_gov.records import (
    About,
    Adapter,
    AliasMove,
    Base,
    DatasetVersion,
    Decision,
    Evaluation,
    Head,
    Policy,
    Responses,
)
from qlora_gov.reports.card.records import CardRecords, SubjectRecords


def card_records(ledger: Ledger, decision: Decision, about: About) -> CardRecords:
    """Everything that a decision's card says, as the ledger stood when the decision was made.

    What happened later, a promotion above all, changes no card: the same decision gives the same bytes.
    """
    entry = ledger.get(decision.id)
    adapter = fetch(ledger, decision.adapter, Adapter)
    candidate, champion = (_subject(ledger, id_, entry) for id_ in (decision.candidate, decision.champion))
    training = _training(ledger, adapter)
    before = fetch(ledger, champion.responses.adapter, Adapter) if champion.responses.adapter else None
    earlier = _training(ledger, before) if before else None
    return CardRecords(
        about=about,
        decision=decision,
        policy=fetch(ledger, decision.policy, Policy),
        candidate=candidate,
        champion=champion,
        reference=_subject(ledger, decision.reference, entry) if decision.reference else None,
        adapter=adapter,
        base=fetch(ledger, adapter.base, Base) if adapter.base else None,
        training=training,
        since=changes_of(ledger, earlier, training) if earlier and training and earlier.id != training.id else None,
        evaluation=fetch(ledger, candidate.responses.dataset, DatasetVersion),
        head=Head(seq=entry.seq, hash=entry.hash),
        aliases=_aliases(ledger, entry),
    )


def _training(ledger: Ledger, adapter: Adapter) -> DatasetVersion | None:
    return fetch(ledger, adapter.dataset, DatasetVersion) if adapter.dataset else None


def _subject(ledger: Ledger, evaluation_id: str, last: Entry) -> SubjectRecords:
    evaluation = fetch(ledger, evaluation_id, Evaluation)
    responses = responses_of(ledger, evaluation)
    return SubjectRecords(evaluation=evaluation, responses=responses, others=_others(ledger, responses, last))


def _others(ledger: Ledger, used: Responses, last: Entry) -> int:
    """How many other logs of a subject's answers to the same rows there were as of an entry."""
    if used.claim is None:
        return 0
    entries = [entry for entry in ledger.entries(Responses.kind) if entry.seq < last.seq]
    found = {entry.id: held(entry, Responses) for entry in entries}
    same = [(one.adapter, one.base, one.dataset) == (used.adapter, used.base, used.dataset) for one in found.values()]
    return sum(same) - 1


def _aliases(ledger: Ledger, last: Entry) -> dict[str, str | None]:
    """Each alias's adapter as of an entry."""
    moves = (held(entry, AliasMove) for entry in ledger.entries(AliasMove.kind) if entry.seq < last.seq)
    return {move.alias: move.adapter for move in moves}
