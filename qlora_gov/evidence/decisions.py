"""Decisions on releases, and how many the rows of an evaluation set have seen."""

from __future__ import annotations

from qlora_gov.errors import UsageError
from qlora_gov.evidence.evaluations import answers_to
from qlora_gov.ledger import Ledger
from qlora_gov.ledger.reading import fetch, held
from qlora_gov.records import Decision, Evaluation, Policy


def release_decision(ledger: Ledger, record_id: str | None = None) -> Decision:
    """The decision on a release with the given id, or the newest. Raises UsageError where there is none."""
    if record_id is not None:
        found = [fetch(ledger, record_id, Decision)]
    else:
        found = [held(entry, Decision) for entry in reversed(ledger.entries(Decision.kind))]
    for decision in found:
        if fetch(ledger, decision.policy, Policy).purpose == "release":
            return decision
    which = "is on a regression of the champion" if record_id else "on a release is in the ledger yet"
    raise UsageError(f"{'decision ' + record_id if record_id else 'no decision'} {which}; 'qlora-gov gate' makes one")


def superseding(ledger: Ledger, decision: Decision) -> Decision | None:
    """The newest decision on a release of the same adapter, where it is another one and not exploratory."""
    for entry in reversed(ledger.entries(Decision.kind)):
        newer = held(entry, Decision)
        if newer.id == decision.id:
            return None
        purpose = fetch(ledger, newer.policy, Policy).purpose
        if newer.adapter == decision.adapter and not newer.exploratory and purpose == "release":
            return newer
    return None


def looks(ledger: Ledger, dataset: str) -> int:
    """How many decisions the rows of an evaluation set have seen, under whatever id they were curated."""
    answered = {entry.id for entry in answers_to(ledger, dataset)}
    scored = {e.id for e in ledger.entries(Evaluation.kind) if held(e, Evaluation).responses in answered}
    return sum(held(entry, Decision).candidate in scored for entry in ledger.entries(Decision.kind))
