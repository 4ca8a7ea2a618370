"""A publication that the ledger did not allow is forged, whoever put it there."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from qlora_gov.canonical import bytes_id, tree_id
from qlora_gov.records import Card, Publication
from qlora_gov.verification.history import history_problems
from tests.support.imported import BETTER, GOOD, Imported, make_imported

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


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Imported:
    """Two adapters were approved, each has its card, and the second one was published."""
    project = make_imported(tmp_path_factory.mktemp("published") / "project")
    assert project.log(GOOD) == 0
    for name in "ab":
        assert project.log(BETTER, name) == project("gate") == project("card") == 0
    assert project("publish", "--to", f"file://{project.root}/models") == project("verify") == 0
    return project


@pytest.mark.parametrize("name", FORGED)
def test_a_forged_publication_is_found(published: Imported, name: str) -> None:
    changes, flaw = FORGED[name]
    entry = published.ledger.entries("publication")[-1]
    honest: Publication = entry.record
    forged = honest.model_copy(update=changes(published, honest))
    entries = [*published.ledger.entries(), replace(entry, seq=entry.seq + 1, id=forged.id, record=forged)]
    assert flaw in " ".join(problem.what for problem in history_problems(entries))
