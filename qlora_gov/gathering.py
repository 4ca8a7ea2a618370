"""Gathering the records that a card rests on."""

from __future__ import annotations

from qlora_gov.ledger import Entry, Ledger
from qlora_gov.lookup import fetch, responses_of
from qlora_gov.records import About, Adapter, AliasMove, Base, DatasetVersion, Decision, Evaluation, Policy
from qlora_gov.reports.context import LedgerHead
from qlora_gov.reports.evidence import Evidence, Subject


def evidence_of(ledger: Ledger, decision: Decision, about: About) -> Evidence:
    """Everything that a decision's card says, as the ledger stood when the decision and its moves were made."""
    adapter = fetch(ledger, decision.adapter, Adapter)
    candidate = _subject(ledger, decision.candidate)
    last = _last_entry(ledger, decision)
    return Evidence(
        about=about,
        decision=decision,
        policy=fetch(ledger, decision.policy, Policy),
        candidate=candidate,
        champion=_subject(ledger, decision.champion),
        adapter=adapter,
        base=fetch(ledger, adapter.base, Base),
        training=fetch(ledger, adapter.dataset, DatasetVersion),
        evaluation=fetch(ledger, candidate.responses.dataset, DatasetVersion),
        head=LedgerHead(seq=last.seq, hash=last.hash),
        aliases=_aliases(ledger, last),
    )


def _subject(ledger: Ledger, evaluation_id: str) -> Subject:
    evaluation = fetch(ledger, evaluation_id, Evaluation)
    return Subject(evaluation=evaluation, responses=responses_of(ledger, evaluation))


def _last_entry(ledger: Ledger, decision: Decision) -> Entry:
    """The entry of the decision, or of the last alias that it moved."""
    moved = [entry for entry in ledger.entries(AliasMove.kind) if decision.id in entry.record.parents]
    return moved[-1] if moved else ledger.get(decision.id)


def _aliases(ledger: Ledger, last: Entry) -> dict[str, str]:
    """Each alias's adapter as of an entry."""
    moved = [entry.record for entry in ledger.entries(AliasMove.kind) if entry.seq <= last.seq]
    return {move.alias: move.adapter for move in moved if isinstance(move, AliasMove)}
