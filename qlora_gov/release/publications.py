"""An approved adapter leaves: with its card, to a store, to the hub or to a registry; where, goes on record."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

from qlora_gov.canonical import parse_json, tree_id
from qlora_gov.errors import UsageError
from qlora_gov.evidence.decisions import decision_on, decision_to_act_on
from qlora_gov.ledger.connection import translated
from qlora_gov.ledger.reading import fetch, held
from qlora_gov.pipeline.pipeline import Pipeline
from qlora_gov.pipeline.training import weights
from qlora_gov.project.workspace import Workspace
from qlora_gov.records import Absent, Adapter, AliasMove, Card, Decision, Evaluation, Publication
from qlora_gov.release.allowed import allowing_waivers
from qlora_gov.release.hub import HubStore
from qlora_gov.release.registry import SCHEME, MlflowRegistry
from qlora_gov.release.stores import ObjectStore
from qlora_gov.reports.dataset.manifest import MANIFEST, ExportedFile, Manifest, manifest_json
from qlora_gov.verification.exports import published_problems

_CALLED = {"card.md": "README.md"}  # by which the hub shows it


def publish_adapter(pipeline: Pipeline, adapter_id: str | None, url: str, author: str | None) -> Publication:
    """Put an adapter with its card where others take it from, and on record. Publishing again changes nothing.

    Args:
        pipeline: the project's.
        adapter_id: by default the candidate.
        url: a store's, ``hub://owner/name`` or ``mlflow:URI``.
        author: who publishes.

    Raises what :func:`allowing_waivers` and the target do; besides,
        UsageError: the target is of no known kind, or a file of the adapter lies in a folder.
        LedgerMovedError: another process decided or moved an alias meanwhile: what was uploaded is not on record.
    """
    space, ledger = pipeline.space, pipeline.space.ledger
    seen = ledger.newest(AliasMove.kind, Decision.kind)
    decision = decision_on(ledger, adapter_id) if adapter_id else decision_to_act_on(ledger, None)
    adapter = fetch(ledger, decision.adapter, Adapter)
    waivers = allowing_waivers(pipeline, decision, space.adapter(adapter.digest), "not published")
    card = _card(pipeline, decision)
    target = _target(url, space, adapter, decision, card)
    with translated(space.state), TemporaryDirectory(dir=space.state) as work:
        folder = Path(work, "adapter")
        manifest = _write(space, adapter, decision, card, folder)
        place = target.push(folder, manifest, space.progress)
    publication = Publication(
        adapter=adapter.id,
        decision=decision.id,
        card=card.id,
        place=place,
        digest=manifest.version,
        files={name: f"sha256:{file.sha256}" for name, file in manifest.files.items()},
        author=author,
        waivers=tuple(waiver.id for waiver in waivers.values()),
    )
    if publication.id not in {entry.id for entry in ledger.entries(Publication.kind)}:
        ledger.append(publication, seen=seen)
    return publication


def _card(pipeline: Pipeline, decision: Decision) -> Card:
    """A decision's card, whose files lie in the workspace now."""
    space = pipeline.space
    directory = pipeline.card(decision)
    cards = (held(entry, Card) for entry in reversed(space.ledger.entries(Card.kind)))
    return next(card for card in cards if space.card(card.id) == directory)


def _target(
    url: str, space: Workspace, adapter: Adapter, decision: Decision, card: Card
) -> ObjectStore | HubStore | MlflowRegistry:
    if url.startswith(SCHEME):
        facts = _facts(adapter, decision, card)
        return MlflowRegistry(url, space.project.about.title, facts, _metrics(space, decision))
    # Written as hub:owner/name, it would be a directory here.
    return HubStore(url, "model") if url.startswith("hub:") else ObjectStore(url, published_problems)


def _facts(adapter: Adapter, decision: Decision, card: Card) -> Mapping[str, str]:
    """What a registry can be searched by; what is not known is left out."""
    commit = adapter.training.environment.git_commit if adapter.training else None
    facts = {
        "adapter": adapter.id,
        "base": adapter.base,
        "dataset": adapter.dataset,
        "git_commit": commit,
        "decision": decision.id,
        "outcome": decision.outcome.value,
        "card": card.id,
        "ledger_head": card.head,
    }
    return {name: value for name, value in facts.items() if value is not None}


def _metrics(space: Workspace, decision: Decision) -> Mapping[str, float]:
    """What was measured of the adapter."""
    measured = fetch(space.ledger, decision.candidate, Evaluation).measurements
    return {one.name: one.value for one in measured if not isinstance(one.value, Absent)}


def _write(space: Workspace, adapter: Adapter, decision: Decision, card: Card, folder: Path) -> Manifest:
    """Write what is published: the adapter's files, the card's, the decision as the ledger has it, and a manifest."""
    folder.mkdir()
    if nested := sorted(name for name in adapter.files if "/" in name):
        raise UsageError(f"not published: {nested[0]} of the adapter lies in a folder; publish adapters without any")
    with weights(space, adapter) as kept:
        for name in adapter.files:
            shutil.copyfile(kept / name, folder / name)
    for name in card.files:
        shutil.copyfile(space.card(card.id) / name, folder / _CALLED.get(name, name))
    record = space.ledger.document(space.ledger.get(decision.id))
    (folder / "decision.json").write_text(record, encoding="utf-8")  # whose SHA-256 is the decision's id
    files = {path.name: ExportedFile.of(path) for path in sorted(folder.iterdir())}
    entry = space.ledger.get(adapter.id)
    manifest = Manifest(
        version=tree_id({name: f"sha256:{file.sha256}" for name, file in files.items()}),
        record=adapter.id,
        recorded=entry.at,
        document=parse_json(space.ledger.document(entry)),
        files=files,
    )
    (folder / MANIFEST).write_text(manifest_json(manifest), encoding="utf-8")
    return manifest
