"""Promoting: the adapter that a decision allows becomes champion."""

from __future__ import annotations

from pathlib import Path

from qlora_gov.canonical import short_id
from qlora_gov.evidence.aliases import current
from qlora_gov.evidence.decisions import decision_to_act_on, release_decision
from qlora_gov.ledger import Ledger
from qlora_gov.ledger.reading import fetch
from qlora_gov.pipeline.pipeline import Pipeline
from qlora_gov.records import Adapter, Alias, AliasMove, Decision, MoveReason
from qlora_gov.release.allowed import allowing_waivers
from qlora_gov.release.moves import move_aliases


def promote_adapter(
    pipeline: Pipeline, decision_id: str | None, weights: Path | None, author: str | None
) -> list[AliasMove]:
    """Make a decision's adapter the champion, and the champion the fallback; nothing where it is champion already.

    Args:
        pipeline: the project's.
        decision_id: by default the candidate's decision.
        weights: the directory that is about to ship; by default where the adapter is kept.
        author: who promotes.

    Raises:
        ReleaseError: the decision does not allow it, or is not on exactly these weights, this evaluation set,
            this policy and this champion.
        IntegrityError: the evidence behind the decision does not re-derive.
        LedgerMovedError: another process moved an alias meanwhile.
    """
    space, ledger = pipeline.space, pipeline.space.ledger
    seen = ledger.newest(AliasMove.kind)
    decision = decision_to_act_on(ledger, decision_id)
    shipped = weights or space.adapter(fetch(ledger, decision.adapter, Adapter).digest)
    named = _since(ledger, decision) if decision_id is None else ""
    waivers = allowing_waivers(pipeline, decision, shipped, "not promoted", named)
    champion = current(ledger, "champion")
    if champion and champion.adapter == decision.adapter:
        return []
    moves: dict[Alias, str | None] = {
        "fallback": champion.adapter if champion else None,
        "champion": decision.adapter,
    }
    rests_on = tuple(waiver.id for waiver in waivers.values())
    return move_aliases(
        ledger, seen, moves, decision=decision.id, reason=MoveReason.PROMOTED, author=author, waivers=rests_on
    )


def _since(ledger: Ledger, decision: Decision) -> str:
    """That the decision is the candidate's and not the last one, where that was exploratory and made no candidate."""
    last = release_decision(ledger)
    if last.id == decision.id or not last.exploratory:
        return ""
    return f", the candidate's (decision {short_id(last.id)}, made since, is exploratory and names no candidate)"
