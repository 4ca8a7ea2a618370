"""The releases, waivers and dataset versions that a changelog tells."""

from __future__ import annotations

from functools import partial

from qlora_gov.evidence.datasets import changes_of
from qlora_gov.ledger import Ledger
from qlora_gov.ledger.reading import fetch, held
from qlora_gov.records import Adapter, AliasMove, DatasetVersion, Decision, Evaluation, Waiver
from qlora_gov.reports.changelog.assembly import Dated, Release, changelog_context
from qlora_gov.reports.changelog.context import Changelog


def changelog_of(ledger: Ledger, title: str) -> Changelog:
    """Every release, rollback, waiver and dataset version of a ledger."""
    moved = [(entry.at, held(entry, AliasMove)) for entry in ledger.entries(AliasMove.kind)]
    waivers = [Dated(entry.at, held(entry, Waiver)) for entry in ledger.entries(Waiver.kind)]
    datasets = [Dated(entry.at, held(entry, DatasetVersion)) for entry in ledger.entries(DatasetVersion.kind)]
    releases = [_release(ledger, at, move) for at, move in moved if move.alias == "champion"]
    return changelog_context(title, releases, waivers, datasets, partial(changes_of, ledger))


def _release(ledger: Ledger, at: str, move: AliasMove) -> Release:
    adapter = fetch(ledger, move.adapter, Adapter) if move.adapter else None
    decision = fetch(ledger, move.decision, Decision) if move.decision else None
    return Release(
        at=at,
        move=move,
        decision=decision,
        adapter=adapter,
        training=fetch(ledger, adapter.dataset, DatasetVersion) if adapter and adapter.dataset else None,
        evaluation=fetch(ledger, decision.candidate, Evaluation) if decision else None,
        champion=fetch(ledger, decision.champion, Evaluation) if decision else None,
    )
