"""Was an alias moved as the ledger then allowed?"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from qlora_gov.ledger import Entry
from qlora_gov.records import AliasMove, Decision, DecisionOutcome, MoveReason, Outcome, Policy, Waiver
from qlora_gov.verification.past import Past


def move_flaws(entry: Entry, move: AliasMove, past: Past) -> Iterator[str]:
    """What does not follow from the entries before."""
    last = past.last_move(move.alias)
    if move.previous != (last.id if last else None):
        yield f"it does not name the move of {move.alias!r} before it"
    decision = past.held(move.decision, Decision)
    if move.reason is MoveReason.ROLLED_BACK:
        if move.alias == "champion" and move.adapter != past.served("fallback"):
            yield "the champion was not rolled back to what was the fallback"
    elif decision is None:
        yield f"an alias was {move.reason} without a decision"
    elif move.reason is MoveReason.PROMOTED:
        yield from _promotion_flaws(entry, move, decision, past)
    elif move.reason is MoveReason.REGRESSED:
        if decision.outcome is not DecisionOutcome.REFUSED:
            yield "the champion was rolled back as regressed, and its decision does not say so"
        if move.alias == "champion" and move.adapter != past.served("fallback"):
            yield "the champion was not rolled back to what was the fallback"
    elif move.adapter != decision.adapter or decision.exploratory:
        yield f"its decision does not make adapter {move.adapter} the {move.alias}"


def _promotion_flaws(entry: Entry, move: AliasMove, decision: Decision, past: Past) -> Iterator[str]:
    policy = past.held(decision.policy, Policy)
    if decision.exploratory or policy is None or policy.purpose != "release":
        yield "an adapter was promoted by a decision that is exploratory, or not on a release"
    if decision.outcome is not DecisionOutcome.APPROVED:
        waived = _waived(entry, move, past)
        for item in decision.verdicts:
            if item.verdict.outcome is not Outcome.PASS and item.rule.name not in waived:
                yield f"{decision.outcome}, and no waiver held for {item.rule.name!r}"
    # The fallback moves first, to the champion of before.
    due = past.served("champion") if move.alias == "fallback" else decision.adapter
    if move.adapter != due:
        yield f"its decision does not make adapter {move.adapter} the {move.alias}"


def _waived(entry: Entry, move: AliasMove, past: Past) -> set[str]:
    """The rules for which a waiver that the move names held on its day."""
    waivers = (past.held(id_, Waiver) for id_ in move.waivers)
    day = datetime.fromisoformat(entry.at).date()
    return {one.rule for one in waivers if one and one.decision == move.decision and one.expires >= day}
