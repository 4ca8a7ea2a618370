"""Verifying a project: its ledger, what follows from what in it, and the cards that people keep."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from qlora_gov.errors import IntegrityError
from qlora_gov.ledger import Entry, Head, Ledger, Problem, verify
from qlora_gov.records import Evaluation
from qlora_gov.verification.aggregates import aggregates_of
from qlora_gov.verification.cards import KeptCard, cards, orphans, rendering_problems
from qlora_gov.verification.history import history_problems
from qlora_gov.verification.intervals import Bench
from qlora_gov.verification.rates import rate_problems
from qlora_gov.workspace import Workspace


def verify_workspace(
    space: Workspace, heads: Sequence[Head] = (), kept: Sequence[KeptCard] = (), *, intervals: bool = False
) -> list[Problem]:
    """All that does not re-derive in a project's ledger and the files beside it; nothing, where it is sound.

    Args:
        space: the project; its plugins give the metrics and gates, whatever its file still names.
        heads: heads that somebody kept.
        kept: cards that somebody kept; those in the project's own directory are looked at as well.
        intervals: whether to judge every decision again from its rows, besides.
    """
    entries = _entries(space.ledger)
    lost = [KeptCard.read(path) for path in orphans(space.state / "cards", entries)]
    evaluations = [entry.record for entry in entries if isinstance(entry.record, Evaluation)]
    shown = [*heads, *(head for card in (*kept, *lost) for head in card.heads)]
    aggregates = aggregates_of(evaluations, space.catalog, space.root)
    return [
        *verify(space.ledger, aggregates=aggregates, artefacts=space.state, heads=dict.fromkeys(shown)),
        *history_problems(entries),
        *(problem for card in (*kept, *lost) for problem in card.problems(entries)),
        *(problem for entry, card in cards(entries) for problem in rendering_problems(space.ledger, entry, card)),
        *(_judged_again(space, entries) if intervals else ()),
    ]


def _entries(ledger: Ledger) -> list[Entry]:
    """All entries; none where one cannot be read, which the ledger's own verification reports."""
    try:
        return ledger.entries()
    except IntegrityError:
        return []


def _judged_again(space: Workspace, entries: Sequence[Entry]) -> Iterator[Problem]:
    yield from Bench(space.ledger, space.catalog, space.root).problems(entries)
    yield from rate_problems(space.ledger, entries)
