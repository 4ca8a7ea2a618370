"""A publication that the ledger did not allow is forged, whoever put it there."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from qlora_gov.canonical import bytes_id, tree_id
from qlora_gov.records import Card, Publication
from qlora_gov.verification.history import history_problems
from tests.support.imported import Imported

Changes = Callable[[Imported, Publication], dict[str, Any]]


def other_decision(project: Imported) -> str:
    return project.ledger.entries("decision")[0].id


def files_of(files: dict[str, str]) -> dict[str, Any]:
    return {"files": files, "digest": tree_id(files)}


FORGED: dict[str, tuple[Changes, str]] = {
    "another's decision": (lambda p, o: {"decision": other_decision(p)}, "its decision is on another adapter"),
    "another's card": (
        lambda p, o: {"card": next(e.id for e in p.ledger.entries(Card.kind) if e.record.decision != o.decision)},
        "its card is another decision's",
    ),
    "no card": (lambda p, o: {"card": o.decision}, "without a decision or a card"),
    "another digest": (lambda p, o: {"digest": bytes_id(b"x")}, "do not have the digest"),
    "other weights": (
        lambda p, o: files_of({**o.files, "adapter_model.safetensors": bytes_id(b"x")}),
        "not those of its adapter, card and decision",
    ),
    "no decision among the files": (
        lambda p, o: files_of({name: one for name, one in o.files.items() if name != "decision.json"}),
        "not those of its adapter, card and decision",
    ),
}


@pytest.mark.parametrize("name", FORGED)
def test_a_forged_publication_is_found(copy: Imported, tmp_path: Path, name: str) -> None:
    for entry in copy.ledger.entries("decision"):
        assert copy("card", "--decision", entry.id) == 0
    assert copy("publish", "--to", f"file://{tmp_path}/models") == 0
    assert not list(history_problems(copy.ledger.entries()))
    changes, flaw = FORGED[name]
    honest = copy.last("publication")
    copy.ledger.append(honest.model_copy(update=changes(copy, honest)))
    assert flaw in " ".join(problem.what for problem in history_problems(copy.ledger.entries()))
