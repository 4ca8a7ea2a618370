"""Moves of aliases that somebody appends through the Python API: each kind that the product makes, forged."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from qlora_gov.records import Alias, AliasMove, MoveReason
from qlora_gov.verification.history import history_problems
from tests.support.imported import Imported

Forged = Callable[[Imported], list[AliasMove]]
"""The moves that a forger appends to a ledger with two releases and a rollback: a, then b, then back to a."""


def after(project: Imported, alias: Alias, adapter: str | None, reason: MoveReason, **fields: Any) -> AliasMove:
    """A move that names the one before it, as the Python API lets anybody make it."""
    last = project.ledger.alias(alias)
    given: dict[str, Any] = {"decision": None, "previous": last.id if last else None} | fields
    return AliasMove(alias=alias, adapter=adapter, reason=reason, **given)


def adapters(project: Imported) -> list[str]:
    return [entry.id for entry in project.adapters()]


def decision(project: Imported, at: int) -> Any:
    return project.ledger.entries("decision")[at].record


def rollback(project: Imported, *targets: str | None, **fields: Any) -> list[AliasMove]:
    """Champion and fallback, moved as by a rollback."""
    reason = fields.pop("reason", MoveReason.ROLLED_BACK)
    names: tuple[Alias, Alias] = ("champion", "fallback")
    return [after(project, *move, reason, **fields) for move in zip(names, targets, strict=False)]


def promotion(project: Imported, fallback: str | None, champion: str | None, **fields: Any) -> list[AliasMove]:
    moves: list[tuple[Alias, str | None]] = [("fallback", fallback), ("champion", champion)]
    return [after(project, *move, MoveReason.PROMOTED, **fields) for move in moves]


FORGED: dict[str, tuple[Forged, str]] = {
    "a fallback put in place": (
        lambda p: [after(p, "fallback", adapters(p)[1], MoveReason.ROLLED_BACK)],
        "the champion did not move with it",
    ),
    "a fallback put in place, as regressed": (
        lambda p: [after(p, "fallback", adapters(p)[1], MoveReason.REGRESSED, decision=decision(p, 2).id)],
        "its decision is not on a regression",
    ),
    "a rollback to whoever it may be": (
        lambda p: rollback(p, adapters(p)[2], None),
        "not rolled back to what was the fallback",
    ),
    "half a rollback": (lambda p: rollback(p, None), "the fallback did not move with it"),
    "another fallback": (
        lambda p: rollback(p, None, adapters(p)[1]),
        "the fallback is not the champion before",
    ),
    "a rollback with a decision": (
        lambda p: rollback(p, None, None, decision=decision(p, 0).id),
        "a rollback by hand rests on no decision",
    ),
    "a rollback with waivers": (
        lambda p: rollback(p, None, None, waivers=(p.last("waiver").id,)),
        "a rollback rests on no waiver",
    ),
    "a candidate rolled back": (
        lambda p: [after(p, "candidate", adapters(p)[1], MoveReason.ROLLED_BACK)],
        "the candidate is never rolled back",
    ),
    "regressed by a decision on a release": (
        lambda p: rollback(p, None, None, reason=MoveReason.REGRESSED, decision=decision(p, 2).id),
        "its decision is not on a regression",
    ),
    "regressed by a decision on another adapter": (
        lambda p: rollback(p, None, None, reason=MoveReason.REGRESSED, decision=decision(p, 2).id),
        "its decision is on another adapter",
    ),
    "a champion by decision alone": (
        lambda p: [after(p, "champion", adapters(p)[2], MoveReason.DECIDED, decision=decision(p, 2).id)],
        "a decision alone makes no champion",
    ),
    "a candidate who is champion": (
        lambda p: [after(p, "candidate", adapters(p)[0], MoveReason.DECIDED, decision=decision(p, 0).id)],
        "the candidate was champion already",
    ),
    "another's candidacy": (
        lambda p: [after(p, "candidate", adapters(p)[1], MoveReason.DECIDED, decision=decision(p, 2).id)],
        "does not make adapter",
    ),
    "half a promotion": (
        lambda p: promotion(p, adapters(p)[0], adapters(p)[1], decision=decision(p, 1).id)[1:],
        "the fallback did not move with it",
    ),
    "the other half": (
        lambda p: promotion(p, adapters(p)[0], adapters(p)[1], decision=decision(p, 1).id)[:1],
        "the champion did not move with it",
    ),
    "two authors": (
        lambda p: [
            one.model_copy(update={"author": name})
            for one, name in zip(
                promotion(p, adapters(p)[0], adapters(p)[1], decision=decision(p, 1).id), "xy", strict=True
            )
        ],
        "it says otherwise than the move of the fallback",
    ),
    "whoever was rolled back": (
        lambda p: promotion(p, adapters(p)[0], adapters(p)[1], decision=decision(p, 1).id),
        "the adapter that was promoted had been rolled back since",
    ),
    "what was refused": (
        lambda p: promotion(p, adapters(p)[0], adapters(p)[2], decision=decision(p, 2).id),
        "REFUSED, and no waiver held for",
    ),
    "against a champion of before": (
        lambda p: promotion(p, adapters(p)[0], adapters(p)[0], decision=decision(p, 0).id),
        "was champion already",
    ),
    "a candidate promoted": (
        lambda p: [after(p, "candidate", adapters(p)[2], MoveReason.PROMOTED, decision=decision(p, 2).id)],
        "the candidate is never promoted",
    ),
}


@pytest.mark.parametrize(("forged", "what"), FORGED.values(), ids=FORGED)
def test_a_forged_move_is_found(copy: Imported, forged: Forged, what: str) -> None:
    for move in forged(copy):
        copy.ledger.append(move)
    problems = list(history_problems(copy.ledger.entries()))
    assert any(what in problem.what for problem in problems), problems


def test_a_fallback_that_was_put_in_place_does_not_make_a_rollback_to_it_sound(
    copy: Imported, capsys: pytest.CaptureFixture[str]
) -> None:
    """Both are of the kinds that rollbacks make, and each names the move before it."""
    rolled_back = adapters(copy)[1]
    copy.ledger.append(after(copy, "fallback", rolled_back, MoveReason.ROLLED_BACK))
    for move in rollback(copy, rolled_back, None):
        copy.ledger.append(move)
    assert copy("verify") == 12
    assert "the fallback was rolled back and the champion did not move with it" in capsys.readouterr().out


def test_a_move_between_the_halves_of_a_rollback_is_found(copy: Imported) -> None:
    champion, fallback = rollback(copy, None, None)
    copy.ledger.append(champion)
    copy.ledger.append(after(copy, "candidate", adapters(copy)[1], MoveReason.DECIDED, decision=decision(copy, 1).id))
    copy.ledger.append(fallback)
    found = [problem.what for problem in history_problems(copy.ledger.entries())]
    assert found == [
        "the champion was rolled back and the fallback did not move with it",
        "the fallback was rolled back and the champion did not move with it",
    ]


def test_what_the_product_moves_is_sound(copy: Imported) -> None:
    """A second rollback, which leaves the base alone, and a candidate of before named again."""
    assert copy("rollback") == 0
    assert copy("gate", "--adapter", adapters(copy)[1]) in (0, 1, 3)
    assert list(history_problems(copy.ledger.entries())) == []
