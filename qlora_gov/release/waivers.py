"""Waivers: somebody's word that a decision may be acted on although a rule did not pass."""

from __future__ import annotations

from datetime import date

from qlora_gov.errors import ReleaseError, UsageError, did_you_mean
from qlora_gov.evidence.decisions import decision_to_act_on
from qlora_gov.evidence.waivers import today
from qlora_gov.ledger import Ledger
from qlora_gov.ledger.reading import fetch
from qlora_gov.records import Outcome, Policy, Waiver


def waive_rule(
    ledger: Ledger, decision_id: str | None, rule: str, *, author: str, reason: str, expires: date
) -> Waiver:
    """Record a waiver of a rule of a decision, by default of the candidate's. No verdict changes.

    Raises UsageError for a rule that passed or is not there, and where author or reason have no letter, ReleaseError
    for a rule that is required.
    """
    if not all(any(character.isalnum() for character in text) for text in (author, reason)):
        raise UsageError("a waiver takes an author who answers for it, and a reason")
    decision = decision_to_act_on(ledger, decision_id)
    outcomes = {item.rule.name: item.verdict.outcome for item in decision.verdicts}
    if rule not in outcomes:
        raise UsageError(f"the decision has no rule {rule!r}; {did_you_mean(rule, outcomes)}")
    if outcomes[rule] is Outcome.PASS:
        raise UsageError(f"{rule!r} passed: there is nothing to waive")
    if rule in fetch(ledger, decision.policy, Policy).required:
        raise ReleaseError(f"{rule!r} is required by the policy and cannot be waived")
    if expires < today():
        raise UsageError(f"a waiver that expired on {expires} waives nothing")
    waiver = Waiver(decision=decision.id, rule=rule, author=author, reason=reason, expires=expires)
    ledger.append(waiver)
    return waiver
