"""Verifying a project's ledger with the project's own metrics."""

from __future__ import annotations

from collections.abc import Sequence

from qlora_gov.ledger import Head, Problem, verify
from qlora_gov.measures import instruments
from qlora_gov.workspace import Workspace


def verify_workspace(space: Workspace, heads: Sequence[Head]) -> list[Problem]:
    """Re-derive the ledger, against the heads on its cards and those given."""
    measures = instruments(space.catalog, space.project.evaluation, space.root).measures
    aggregates = {m.component.name: (m.traits.aggregate, m.component.source) for m in measures}
    return list(verify(space.ledger, aggregates=aggregates, artefacts=space.state, heads=heads))
