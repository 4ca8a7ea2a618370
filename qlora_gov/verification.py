"""Verifying a project's ledger with the project's own metrics."""

from __future__ import annotations

from collections.abc import Sequence

from qlora_gov.ledger import Head, Problem, verify
from qlora_gov.measures import instruments
from qlora_gov.records import Card
from qlora_gov.workspace import Workspace


def verify_workspace(space: Workspace, heads: Sequence[Head]) -> list[Problem]:
    """Re-derive the ledger, against the heads on its own cards and those given."""
    measures = instruments(space.catalog, space.project.evaluation, space.root).measures
    aggregates = {m.component.name: (m.traits.aggregate, m.component.source) for m in measures}
    on_cards = [_head(record) for entry in space.ledger.entries(Card.kind) if isinstance(record := entry.record, Card)]
    return list(verify(space.ledger, aggregates=aggregates, artefacts=space.state, heads=[*on_cards, *heads]))


def _head(card: Card) -> Head:
    sequence, _, digest = card.head.partition(":")
    return Head(int(sequence), digest)
