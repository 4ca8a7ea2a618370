"""Aliases: which adapter is champion, which the fallback, and what a decision moves."""

from __future__ import annotations

from qlora_gov.ledger import Ledger
from qlora_gov.lookup import fetch
from qlora_gov.records import Adapter, AliasMove, Decision, DecisionOutcome, Evaluation, Responses


def current(ledger: Ledger, alias: str) -> AliasMove | None:
    """The last move of an alias."""
    entry = ledger.alias(alias)
    return None if entry is None else fetch(ledger, entry.id, AliasMove)


def opponent(ledger: Ledger, candidate: Adapter) -> Adapter | None:
    """The champion that the candidate must not fall behind; None stands for the base, at the first release.

    A candidate that has become champion keeps the opponent of the decision that made it so.
    """
    champion = current(ledger, "champion")
    if champion is None:
        return None
    if champion.adapter != candidate.id:
        return fetch(ledger, champion.adapter, Adapter)
    decision = fetch(ledger, champion.decision, Decision)
    adapter = fetch(ledger, fetch(ledger, decision.champion, Evaluation).responses, Responses).adapter
    return fetch(ledger, adapter, Adapter) if adapter else None


def moves(ledger: Ledger, decision: Decision) -> list[AliasMove]:
    """What a decision moves: an approved adapter becomes champion, and the one before it the fallback.

    Nothing else is ever promoted: not a refused or inconclusive one, and none by an exploratory decision.
    """
    if decision.outcome is not DecisionOutcome.APPROVED or decision.exploratory:
        return []
    champion = current(ledger, "champion")
    if champion is None:
        return [_move(ledger, "champion", decision.adapter, decision)]
    if champion.adapter == decision.adapter:
        return []
    return [
        _move(ledger, "fallback", champion.adapter, decision),
        _move(ledger, "champion", decision.adapter, decision),
    ]


def _move(ledger: Ledger, alias: str, adapter: str, decision: Decision) -> AliasMove:
    previous = current(ledger, alias)
    return AliasMove(alias=alias, adapter=adapter, decision=decision.id, previous=previous.id if previous else None)
