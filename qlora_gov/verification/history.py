"""Does each entry follow from those before it?"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from qlora_gov.ledger import Entry, Problem, ProblemKind
from qlora_gov.ledger.entry import place
from qlora_gov.records import AliasMove, Decision, Publication, Sweep, Waiver
from qlora_gov.verification.decisions import decision_flaws
from qlora_gov.verification.moves import lone_half, move_flaws
from qlora_gov.verification.past import Past
from qlora_gov.verification.publications import publication_flaws
from qlora_gov.verification.sweeps import sweep_flaws
from qlora_gov.verification.waivers import waiver_flaws


def history_problems(entries: Iterable[Entry]) -> Iterator[Problem]:
    """What does not follow, in sweeps, decisions, waivers, moves of aliases and publications; oldest first.

    No rows are read.
    """
    past = Past()
    for entry in entries:
        try:
            flaws = list(_flaws(entry, past))
        except (ValueError, TypeError):  # of a text that should be a time
            flaws = ["a time in it, or in an entry that it rests on, cannot be read"]
        halves = [(place(half), flaw) for half, flaw in lone_half(entry, past)]
        for where, flaw in (*halves, *((place(entry), flaw) for flaw in flaws)):
            yield Problem(ProblemKind.TAMPERED, where, flaw)
        past.add(entry)
    for half, flaw in lone_half(None, past):
        yield Problem(ProblemKind.TAMPERED, place(half), flaw)


def _flaws(entry: Entry, past: Past) -> Iterator[str]:
    match entry.record:
        case Decision() as decision:
            yield from decision_flaws(decision, past)
        case Sweep() as sweep:
            yield from sweep_flaws(sweep, past)
        case AliasMove() as move:
            yield from move_flaws(entry, move, past)
        case Waiver() as waiver:
            yield from waiver_flaws(waiver, past)
        case Publication() as publication:
            yield from publication_flaws(entry, publication, past)
