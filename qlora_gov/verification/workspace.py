"""Verifying a project: its ledger, what follows from what in it, and the cards that people keep."""

from __future__ import annotations

import socket
from collections.abc import Iterator, Sequence

from qlora_gov.ledger import Entry, Problem, ProblemKind, readable_entries, verify_ledger
from qlora_gov.project.workspace import Workspace
from qlora_gov.records import Evaluation, Head
from qlora_gov.verification.aggregates import aggregates_of
from qlora_gov.verification.answers import answer_problems
from qlora_gov.verification.cards import KeptCard, cards_among, orphans, rendering_problems
from qlora_gov.verification.history import history_problems
from qlora_gov.verification.intervals import Rejudge
from qlora_gov.verification.looks import look_problems
from qlora_gov.verification.rates import rate_problems
from qlora_gov.verification.rescoring import score_problems
from qlora_gov.verification.sweeps import Recompare, size_problems


def verify_workspace(
    space: Workspace,
    heads: Sequence[Head] = (),
    kept: Sequence[KeptCard] = (),
    *,
    intervals: bool = False,
    rescored: bool = False,
) -> list[Problem]:
    """All that does not re-derive in a project's ledger and the files beside it; nothing, where it is sound.

    Args:
        space: the project; its plugins give the metrics and gates, whatever its file still names.
        heads: heads that somebody kept.
        kept: cards that somebody kept; those in the project's own directory are looked at as well.
        intervals: whether to judge every decision and compare every sweep again from its rows, besides.
        rescored: whether to run every metric on the stored answers again, besides.
    """
    found = readable_entries(space.ledger)
    lost = [KeptCard.read(path) for path in orphans(space.state, found.ids)]
    evaluations = [entry.record for entry in found.entries if isinstance(entry.record, Evaluation)]
    aggregates = aggregates_of(evaluations, space.catalog, space.root)
    shown = dict.fromkeys([*heads, *(head for card in (*kept, *lost) for head in card.heads)])
    problems = [
        *verify_ledger(
            space.ledger,
            aggregates=aggregates,
            artefacts=space.state,
            heads=shown,
            host=socket.gethostname() if space.shares_ledger else None,
        ),
        *history_problems(found.judged),
        *look_problems(space.ledger, found.judged),
        *size_problems(space.ledger, space.state, found.judged),
        *(problem for card in (*kept, *lost) for problem in card.problems(found.entries)),
    ]
    if all(problem.kind is not ProblemKind.TAMPERED for problem in problems):  # or it would only say so again
        problems += answer_problems(space.ledger, found.judged)
        problems += (
            problem for entry, card in cards_among(found.judged) for problem in rendering_problems(space, entry, card)
        )
    if intervals:
        problems += _judged_again(space, found.judged)
    if rescored:
        problems += score_problems(space, found.judged)
    return problems


def _judged_again(space: Workspace, entries: Sequence[Entry]) -> Iterator[Problem]:
    yield from Rejudge(space.ledger, space.catalog, space.root).problems(entries)
    yield from Recompare(space.ledger, space.catalog, space.root).problems(entries)
    yield from rate_problems(space.ledger, entries)
