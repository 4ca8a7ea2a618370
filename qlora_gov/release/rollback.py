"""Rolling back: the fallback becomes champion again."""

from __future__ import annotations

from qlora_gov.errors import ReleaseError
from qlora_gov.evidence.aliases import before, current
from qlora_gov.ledger import Ledger
from qlora_gov.pipeline.pipeline import Pipeline
from qlora_gov.records import Alias, AliasMove, Decision, MoveReason, Outcome
from qlora_gov.release.moves import move_aliases


def roll_back(ledger: Ledger, author: str | None, decision: Decision | None = None) -> list[AliasMove]:
    """Make the fallback champion again, and the champion before that the fallback.

    ``decision`` is what shows the regression. Raises ReleaseError where no adapter serves, or another one than
    the decision is on, and LedgerMovedError where another process moved an alias meanwhile.
    """
    seen = ledger.newest(AliasMove.kind)
    champion, fallback = current(ledger, "champion"), current(ledger, "fallback")
    if champion is None or champion.adapter is None:
        raise ReleaseError("not rolled back: no adapter is champion")
    if decision is not None and decision.adapter != champion.adapter:
        raise ReleaseError("not rolled back: another adapter became champion while this one was judged")
    target = fallback.adapter if fallback else None
    basis, reason = (decision.id, MoveReason.REGRESSED) if decision else (None, MoveReason.ROLLED_BACK)
    earlier = before(ledger, target)  # never the one that is being rolled back
    moves: dict[Alias, str | None] = {"champion": target, "fallback": None if earlier == champion.adapter else earlier}
    return move_aliases(ledger, seen, moves, decision=basis, reason=reason, author=author)


def roll_back_if_regressed(pipeline: Pipeline, author: str | None) -> tuple[Decision, list[AliasMove]]:
    """Roll back where a regression of the champion is shown; not where the evidence cannot tell."""
    decision = pipeline.regression()
    failed = [item.verdict for item in decision.verdicts if item.verdict.outcome is Outcome.FAIL]
    shown = any(verdict.estimate is not None for verdict in failed)  # what was not measured shows nothing
    return decision, roll_back(pipeline.space.ledger, author, decision) if shown else []
