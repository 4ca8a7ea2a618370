"""Gathering the records that a card or a changelog rests on."""

from __future__ import annotations

from qlora_gov.ledger import Entry, Ledger
from qlora_gov.lookup import fetch, held, responses_of
from qlora_gov.records import About, Adapter, AliasMove, Base, DatasetVersion, Decision, Evaluation, Policy, Waiver
from qlora_gov.reports.changelog import Dated, Release, changelog
from qlora_gov.reports.changelog_context import Changelog
from qlora_gov.reports.context import LedgerHead
from qlora_gov.reports.evidence import Evidence, Subject


def evidence_of(ledger: Ledger, decision: Decision, about: About) -> Evidence:
    """Everything that a decision's card says, as the ledger stood when the decision was made.

    What happened later, a promotion above all, changes no card: the same decision gives the same bytes.
    """
    entry = ledger.get(decision.id)
    adapter = fetch(ledger, decision.adapter, Adapter)
    candidate = _subject(ledger, decision.candidate)
    return Evidence(
        about=about,
        decision=decision,
        policy=fetch(ledger, decision.policy, Policy),
        candidate=candidate,
        champion=_subject(ledger, decision.champion),
        reference=_subject(ledger, decision.reference) if decision.reference else None,
        adapter=adapter,
        base=fetch(ledger, adapter.base, Base) if adapter.base else None,
        training=fetch(ledger, adapter.dataset, DatasetVersion) if adapter.dataset else None,
        evaluation=fetch(ledger, candidate.responses.dataset, DatasetVersion),
        head=LedgerHead(seq=entry.seq, hash=entry.hash),
        aliases=_aliases(ledger, entry),
    )


def changelog_of(ledger: Ledger, title: str) -> Changelog:
    """Every release, rollback, waiver and dataset version of a ledger."""
    moved = [(entry.at, held(entry, AliasMove)) for entry in ledger.entries(AliasMove.kind)]
    waivers = [Dated(entry.at, held(entry, Waiver)) for entry in ledger.entries(Waiver.kind)]
    datasets = [Dated(entry.at, held(entry, DatasetVersion)) for entry in ledger.entries(DatasetVersion.kind)]
    releases = [_release(ledger, at, move) for at, move in moved if move.alias == "champion"]
    return changelog(title, releases, waivers, datasets)


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


def _subject(ledger: Ledger, evaluation_id: str) -> Subject:
    evaluation = fetch(ledger, evaluation_id, Evaluation)
    return Subject(evaluation=evaluation, responses=responses_of(ledger, evaluation))


def _aliases(ledger: Ledger, last: Entry) -> dict[str, str | None]:
    """Each alias's adapter as of an entry."""
    moves = (held(entry, AliasMove) for entry in ledger.entries(AliasMove.kind) if entry.seq < last.seq)
    return {move.alias: move.adapter for move in moves}
