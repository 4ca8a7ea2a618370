"""Was a waiver given for a rule that could be waived?"""

from __future__ import annotations

from collections.abc import Iterator

from qlora_gov.records import Decision, Outcome, Policy, Waiver
from qlora_gov.verification.past import Past


def waiver_flaws(waiver: Waiver, past: Past) -> Iterator[str]:
    """A rule that passed or is required cannot be waived."""
    decision = past.held(waiver.decision, Decision)
    outcomes = {item.rule.name: item.verdict.outcome for item in decision.verdicts} if decision else {}
    policy = past.held(decision.policy, Policy) if decision else None
    if outcomes.get(waiver.rule, Outcome.PASS) is Outcome.PASS:
        yield f"its decision has no rule {waiver.rule!r} that did not pass"
    elif policy is not None and waiver.rule in policy.required:
        yield f"its policy requires {waiver.rule!r}, which cannot be waived"
