"""Aliases: which adapter is champion, candidate and fallback, and how they move. Nothing is written here."""

from __future__ import annotations

from collections.abc import Iterator

from qlora_gov.evidence.evaluations import responses_of
from qlora_gov.ledger import Ledger
from qlora_gov.ledger.reading import fetch, held
from qlora_gov.records import Adapter, AliasMove, Decision, Evaluation, MoveReason


def current(ledger: Ledger, alias: str) -> AliasMove | None:
    """The last move of an alias."""
    entry = ledger.alias(alias)
    return None if entry is None else held(entry, AliasMove)


def adapter_at(ledger: Ledger, alias: str) -> Adapter | None:
    """The adapter that an alias points at; None stands for the base alone, also before the first move."""
    move = current(ledger, alias)
    return fetch(ledger, move.adapter, Adapter) if move and move.adapter else None


def baseline(ledger: Ledger, candidate: Adapter) -> Adapter | None:
    """The champion that the candidate must not fall behind; None stands for the base, at the first release.

    A champion keeps the baseline of the decision that made it so.
    """
    champion = adapter_at(ledger, "champion")
    if champion is None or champion.id != candidate.id:
        return champion
    promoted = promotion_of(ledger, candidate.id)
    if promoted is None or promoted.decision is None:
        return None
    return subject_of(ledger, fetch(ledger, promoted.decision, Decision).champion)


def pinned(ledger: Ledger, reference: str) -> Adapter | None:
    """A policy's pinned reference; None stands for the base."""
    return None if reference == "base" else fetch(ledger, reference, Adapter)


def candidacy(ledger: Ledger, decision: Decision) -> AliasMove | None:
    """The move that makes a decision's adapter the candidate; none where it is that already, or is champion.

    An exploratory decision makes no candidate, since it cannot promote one.
    """
    champion, candidate = current(ledger, "champion"), current(ledger, "candidate")
    if decision.exploratory or (champion and champion.adapter == decision.adapter):
        return None
    if candidate and (candidate.adapter, candidate.decision) == (decision.adapter, decision.id):
        return None
    return AliasMove(
        alias="candidate",
        adapter=decision.adapter,
        decision=decision.id,
        previous=candidate.id if candidate else None,
        reason=MoveReason.DECIDED,
    )


def subject_of(ledger: Ledger, evaluation: str) -> Adapter | None:
    """Whose answers an evaluation scored; None stands for the base alone."""
    adapter = responses_of(ledger, fetch(ledger, evaluation, Evaluation)).adapter
    return fetch(ledger, adapter, Adapter) if adapter else None


def promotion_of(ledger: Ledger, adapter: str | None) -> AliasMove | None:
    """The last move that promoted an adapter to champion."""
    return next((move for move in _promotions(ledger) if move.adapter == adapter), None)


def before(ledger: Ledger, adapter: str | None) -> str | None:
    """Who was champion when an adapter was promoted; None for the base, before which there was none."""
    promoted = promotion_of(ledger, adapter)
    if promoted is None or promoted.previous is None:
        return None
    return fetch(ledger, promoted.previous, AliasMove).adapter


def left_since(ledger: Ledger, seq: int) -> Iterator[str | None]:
    """Whom rollbacks of the champion after an entry took down."""
    for entry in ledger.entries(AliasMove.kind):
        move = held(entry, AliasMove)
        undone = move.reason in (MoveReason.ROLLED_BACK, MoveReason.REGRESSED) and move.alias == "champion"
        if undone and entry.seq > seq and move.previous:
            yield fetch(ledger, move.previous, AliasMove).adapter


def _promotions(ledger: Ledger) -> Iterator[AliasMove]:
    """Promotions to champion, newest first."""
    moves = (held(entry, AliasMove) for entry in reversed(ledger.entries(AliasMove.kind)))
    return (move for move in moves if move.alias == "champion" and move.reason is MoveReason.PROMOTED)
