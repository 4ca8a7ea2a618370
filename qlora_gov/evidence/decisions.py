"""Decisions on releases, and what has overtaken them."""

from __future__ import annotations

from collections.abc import Iterator

from qlora_gov.canonical import short_id
from qlora_gov.errors import ReleaseError, UsageError
from qlora_gov.evidence.aliases import current, left_since
from qlora_gov.evidence.choices import candidates
from qlora_gov.evidence.evaluations import dataset_of
from qlora_gov.ledger import Ledger
from qlora_gov.ledger.reading import fetch, held
from qlora_gov.records import Adapter, Decision, DecisionOutcome, Evaluation, Policy


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


def decision_to_act_on(ledger: Ledger, record_id: str | None) -> Decision:
    """The decision on a release with the given id, or the candidate's.

    Raises UsageError where the one named is on something else, ReleaseError where there is no candidate.
    """
    if record_id is not None:
        return release_decision(ledger, record_id)
    candidate = current(ledger, "candidate")
    if candidate is None or candidate.decision is None:
        raise ReleaseError("there is no candidate: no decision that could promote has been made")
    return fetch(ledger, candidate.decision, Decision)


def decision_on(ledger: Ledger, adapter_id: str) -> Decision:
    """The newest decision on the release of an adapter; an exploratory one only where there is no other.

    Raises ReleaseError where there is none.
    """
    adapter = fetch(ledger, adapter_id, Adapter)
    decisions = [held(entry, Decision) for entry in reversed(ledger.entries(Decision.kind))]
    found = [
        one for one in decisions if one.adapter == adapter.id and fetch(ledger, one.policy, Policy).purpose == "release"
    ]
    if not found:
        raise ReleaseError(f"there is no decision on adapter {short_id(adapter.id)}; 'qlora-gov gate' makes one")
    return next((one for one in found if not one.exploratory), found[0])


def superseding(ledger: Ledger, decision: Decision) -> Decision | None:
    """The newest decision on a release of the same adapter, where it is another one and not exploratory."""
    newer = _newer(ledger, decision)
    return next((one for one, purpose in newer if purpose == "release" and not one.exploratory), None)


def overtaken(ledger: Ledger, decision: Decision) -> Iterator[str]:
    """What has been put on record against a decision's adapter since, the newest first."""
    for newer, purpose in _newer(ledger, decision):
        if purpose == "release" and not newer.exploratory:
            named = f"; --decision {newer.id} names that one" if newer.outcome is DecisionOutcome.APPROVED else ""
            yield f"a newer decision on this adapter says {newer.outcome}{named}"
        if purpose == "regression" and newer.outcome is DecisionOutcome.REFUSED:
            yield "it was decided since that this adapter has regressed"
    if any(left == decision.adapter for left in left_since(ledger, ledger.get(decision.id).seq)):
        yield "this adapter was rolled back since"
    newest, judged = candidates(ledger, decision.adapter)[0].responses, dataset_of(ledger, decision.candidate)
    if newest.id != fetch(ledger, decision.candidate, Evaluation).responses:
        which = "again on these rows" if newest.dataset == judged else "on other rows"
        later = ledger.get(newest.id).seq > ledger.get(decision.id).seq
        when = "since" if later else "besides, and that is newer"
        yield f"this adapter has been evaluated {which} {when}; run 'qlora-gov gate' again"


def _newer(ledger: Ledger, decision: Decision) -> Iterator[tuple[Decision, str]]:
    """Each later decision on the same adapter with its policy's purpose, newest first."""
    for entry in reversed(ledger.entries(Decision.kind)):
        newer = held(entry, Decision)
        if newer.id == decision.id:
            return
        if newer.adapter == decision.adapter:
            yield newer, fetch(ledger, newer.policy, Policy).purpose


def mended_in(ledger: Ledger) -> list[str]:
    """The metrics whose code is younger than the answers that some decision rests on; all of these must be readable."""
    return sorted({name for entry in ledger.entries(Decision.kind) for name in held(entry, Decision).mended})
