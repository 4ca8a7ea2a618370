"""Writing a decision's card, and putting it on record."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from qlora_gov.canonical import bytes_id
from qlora_gov.evidence.card import card_records
from qlora_gov.pipeline.recorder import Recorder
from qlora_gov.pipeline.step import Step, stating
from qlora_gov.records import Card, Decision
from qlora_gov.reports.card.assembly import card_context
from qlora_gov.reports.card.files import card_files


def write_card(recorder: Recorder, decision: Decision) -> Path:
    """Write the files of a decision's card into a directory of their own; the same records give the same bytes."""
    space = recorder.space
    about = recorder.done(stating(space.project.about))
    evidence = card_records(space.ledger, decision, about)
    files = card_files(card_context(evidence), space.templates)
    card = Card(
        decision=decision.id,
        about=about.id,
        head=evidence.head.hash,
        templates=files.templates,
        files={name: bytes_id(text.encode()) for name, text in files.texts.items()},
    )
    step = _showing(card)
    known = step.find(space.ledger)
    directory = space.card(known.id if known else card.id)
    directory.mkdir(parents=True, exist_ok=True)
    for name, text in files.texts.items():
        (directory / name).write_bytes(text.encode())
    recorder.done(step)
    return directory


def _showing(card: Card) -> Step[Card]:
    """A rendered card. Where other templates or other code gave the same bytes before, it is that card."""

    def parts_of(other: Card) -> dict[str, Any]:
        return {"decision": other.decision, "about": other.about, "files": dict(other.files)}

    return Step(card.kind, Card, parts_of(card), parts_of, lambda work: (card, {}))
