"""Pointing aliases at adapters, on record."""

from __future__ import annotations

from collections.abc import Mapping

from qlora_gov.evidence.aliases import current
from qlora_gov.ledger import Ledger, Seen
from qlora_gov.records import Alias, AliasMove, MoveReason


def move_aliases(
    ledger: Ledger,
    seen: Seen,
    adapters: Mapping[Alias, str | None],
    *,
    decision: str | None,
    reason: MoveReason,
    author: str | None,
    waivers: tuple[str, ...] = (),
) -> list[AliasMove]:
    """Point aliases at adapters, all or none; ``seen`` was the newest move when it was found that they may.

    Raises LedgerMovedError where another process moved an alias meanwhile.
    """
    last = {alias: current(ledger, alias) for alias in adapters}
    moves = [
        AliasMove(
            alias=alias,
            adapter=adapter,
            decision=decision,
            previous=move.id if (move := last[alias]) else None,
            reason=reason,
            author=author,
            waivers=waivers,
        )
        for alias, adapter in adapters.items()
    ]
    ledger.append_together(moves, seen=seen)
    return moves
