"""Do as many answers agree as decisions say? Counted again from the answers themselves."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from qlora_gov.errors import GovError
from qlora_gov.evidence.evaluations import side
from qlora_gov.ledger import Entry, Ledger, Problem, ProblemKind
from qlora_gov.ledger.entry import place
from qlora_gov.ledger.reading import fetch
from qlora_gov.plugin.sides import Side, counted_answers
from qlora_gov.records import Decision, EqualAnswers, Evaluation


def answer_problems(ledger: Ledger, entries: Iterable[Entry]) -> Iterator[Problem]:
    """What decisions count otherwise. Those of earlier versions counted nothing, and are not asked."""
    sides: dict[str, Side] = {}
    for entry in entries:
        decision = entry.record
        if not isinstance(decision, Decision) or not decision.answers:
            continue
        try:
            for id_ in decision.sides.values():
                sides.setdefault(id_, side(ledger, fetch(ledger, id_, Evaluation)))
            candidate, *baselines = decision.sides.items()
            counted = counted_answers(sides[candidate[1]], {who: sides[id_] for who, id_ in baselines})
        except (GovError, ValueError, LookupError) as error:
            what = "its equal answers cannot be counted again"
            yield Problem.underived(ProblemKind.MISSING, place(entry), what, error)
            continue
        if counted != decision.answers:
            said = f"it counts {_said(decision.answers)}; from the answers follows {_said(counted)}"
            yield Problem(ProblemKind.TAMPERED, place(entry), said)


def _said(counted: tuple[EqualAnswers, ...]) -> str:
    return " and ".join(
        f"{one.equal} of {one.rows} answers equal to those of {one.adapter or 'the base'}, the {one.against}"
        for one in counted
    )
