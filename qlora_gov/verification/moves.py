"""Was an alias moved as the ledger then allowed?

Three things move aliases: a decision names a candidate; a promotion moves the fallback to the champion of before, and
then the champion to the candidate; a rollback moves the champion to the fallback, and then the fallback to the champion
before that. Whatever else a move says of itself is forged, and so is half of a promotion or rollback.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from qlora_gov.ledger import Entry
from qlora_gov.records import (
    Alias,
    AliasMove,
    Decision,
    DecisionOutcome,
    MoveReason,
    Outcome,
    Policy,
    Publication,
    Waiver,
)
from qlora_gov.verification.past import Past

PAIRS: dict[MoveReason, tuple[Alias, Alias]] = {
    MoveReason.PROMOTED: ("fallback", "champion"),
    MoveReason.ROLLED_BACK: ("champion", "fallback"),
    MoveReason.REGRESSED: ("champion", "fallback"),
}
"""The two aliases that move for a reason, in this order and one right after the other."""


def move_flaws(entry: Entry, move: AliasMove, past: Past) -> Iterator[str]:
    """What does not follow from the entries before."""
    last = past.last_move(move.alias)
    if move.previous != (last.id if last else None):
        yield f"it does not name the move of {move.alias!r} before it"
    decision = past.held(move.decision, Decision)
    if move.reason is MoveReason.ROLLED_BACK:
        yield from _rollback_flaws(move, past)
        if move.decision is not None:
            yield "a rollback by hand rests on no decision"
    elif decision is None:
        yield f"an alias was {move.reason} without a decision"
    elif move.reason is MoveReason.PROMOTED:
        yield from _promotion_flaws(entry, move, decision, past)
    elif move.reason is MoveReason.REGRESSED:
        yield from _regression_flaws(move, decision, past)
        yield from _rollback_flaws(move, past)
    else:
        yield from _candidacy_flaws(move, decision, past)
    yield from _pair_flaws(move, past)


def lone_half(entry: Entry | None, past: Past) -> Iterator[tuple[Entry, str]]:
    """The entry before this one, or before the end, where it began a promotion or rollback that nothing ends."""
    half = past.newest
    if half is None or not isinstance(half.record, AliasMove) or half.record.reason not in PAIRS:
        return
    first, second = PAIRS[half.record.reason]
    ends = entry is not None and isinstance(entry.record, AliasMove) and entry.record.alias == second
    if half.record.alias == first and not ends:
        yield half, f"the {first} was {half.record.reason} and the {second} did not move with it"


def _pair_flaws(move: AliasMove, past: Past) -> Iterator[str]:
    """Whether a move is one of its reason's two, and belongs to the first where it is the second."""
    if move.reason not in PAIRS:
        return
    first, second = PAIRS[move.reason]
    if move.alias not in (first, second):
        yield f"the {move.alias} is never {move.reason}"
    elif move.alias == second:
        half = past.newest.record if past.newest else None
        shared = ("reason", "decision", "author", "waivers")
        if not isinstance(half, AliasMove) or half.alias != first:
            yield f"the {second} was {move.reason} and the {first} did not move with it"
        elif any(getattr(half, name) != getattr(move, name) for name in shared):
            yield f"it says otherwise than the move of the {first} that it belongs to"


def _candidacy_flaws(move: AliasMove, decision: Decision, past: Past) -> Iterator[str]:
    if move.alias != "candidate":
        yield f"a decision alone makes no {move.alias}"
    if move.adapter != decision.adapter or decision.exploratory:
        yield f"its decision does not make adapter {move.adapter} the {move.alias}"
    policy = past.held(decision.policy, Policy)
    if policy is None or policy.purpose != "release":
        yield "its decision is not on a release"
    if past.served("champion") == move.adapter:
        yield "the candidate was champion already"


def _rollback_flaws(move: AliasMove, past: Past) -> Iterator[str]:
    if move.waivers:
        yield "a rollback rests on no waiver"
    if move.alias == "champion":
        if past.served("champion") is None:
            yield "a champion was rolled back where no adapter was one"
        if move.adapter != past.served("fallback"):
            yield "the champion was not rolled back to what was the fallback"
    elif move.alias == "fallback" and move.adapter != past.before_fallback():
        yield "the fallback is not the champion before the one that was rolled back to"


def _regression_flaws(move: AliasMove, decision: Decision, past: Past) -> Iterator[str]:
    policy = past.held(decision.policy, Policy)
    if policy is None or policy.purpose != "regression":
        yield "the champion was rolled back as regressed, and its decision is not on a regression"
    shown = (one.verdict for one in decision.verdicts if one.verdict.estimate is not None)
    if decision.outcome is not DecisionOutcome.REFUSED or all(one.outcome is not Outcome.FAIL for one in shown):
        yield "the champion was rolled back as regressed, and its decision does not say so"
    if decision.adapter != (past.served("champion") if move.alias == "champion" else past.left()):
        yield "the champion was rolled back as regressed, and its decision is on another adapter"


def _promotion_flaws(entry: Entry, move: AliasMove, decision: Decision, past: Past) -> Iterator[str]:
    yield from unallowed(entry, move, decision, past, "promoted")
    # The fallback moves first, to the champion of before.
    due = past.served("champion") if move.alias == "fallback" else decision.adapter
    if move.adapter != due:
        yield f"its decision does not make adapter {move.adapter} the {move.alias}"
    compared = past.answered(decision.champion)
    if past.served("champion") == decision.adapter:
        yield "the adapter that was promoted was champion already"
    elif compared is None or past.served("champion") != compared.adapter:
        yield "the champion was not the one that the candidate was compared with"


def unallowed(
    entry: Entry, release: AliasMove | Publication, decision: Decision, past: Past, done: str
) -> Iterator[str]:
    """Why a decision did not allow its adapter to ship, with the waivers that are named, when an entry was made."""
    policy = past.held(decision.policy, Policy)
    if decision.exploratory or policy is None or policy.purpose != "release":
        yield f"an adapter was {done} by a decision that is exploratory, or not on a release"
    if decision.outcome is not DecisionOutcome.APPROVED:
        waived = _waived(entry, release, past)
        for item in decision.verdicts:
            if item.verdict.outcome is not Outcome.PASS and item.rule.name not in waived:
                yield f"{decision.outcome}, and no waiver held for {item.rule.name!r}"
    yield from past.overtaken(release.decision, decision.adapter)


def _waived(entry: Entry, release: AliasMove | Publication, past: Past) -> set[str]:
    """The rules for which a waiver that a promotion or publication names held on its day."""
    waivers = (past.held(id_, Waiver) for id_ in release.waivers)
    day = datetime.fromisoformat(entry.at).date()
    return {one.rule for one in waivers if one and one.decision == release.decision and one.expires >= day}
