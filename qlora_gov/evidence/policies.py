"""Which policy is on record, and which was in force when a subject first answered."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from qlora_gov.errors import UsageError
from qlora_gov.evidence.evaluations import answers_to
from qlora_gov.ledger import Entry, Ledger
from qlora_gov.ledger.reading import held
from qlora_gov.records import Policy, Responses


def exploratory(ledger: Ledger, responses: Responses, policy: Policy) -> bool:
    """Whether another policy than this one, or none, was in force when the subject first answered these rows."""
    answers = answers_to(ledger, responses.dataset)
    mine = [entry for entry in answers if held(entry, Responses).adapter == responses.adapter]
    found = in_force(recorded_policies(ledger, policy.purpose), mine)
    return found is None or found.terms != policy.terms


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
    """When answers were made; imported ones when their log says that the evaluation began."""
    claim = held(answered, Responses).claim
    return datetime.fromisoformat(claim.began if claim else answered.at)


def _made_before(answered: Entry, stated: Entry) -> bool:
    if held(answered, Responses).claim is not None:
        return _made(answered) < datetime.fromisoformat(stated.at)
    return answered.seq < stated.seq
