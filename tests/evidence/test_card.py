from pathlib import Path

import pytest

from qlora_gov.evidence.card import card_records
from qlora_gov.ledger import Ledger
from qlora_gov.ledger.reading import fetch
from qlora_gov.records import About, AliasMove, Decision
from qlora_gov.reports.card.assembly import card_context
from qlora_gov.reports.card.markdown import render_card
from qlora_gov.reports.card.records import CardRecords
from tests.ledger.samples import Release, append_release

ABOUT = About(title="A tiny one", intended_use="tests", licence="MIT")


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    return Ledger(tmp_path / "ledger.duckdb")


def records(release: Release) -> CardRecords:
    decision = fetch(release.ledger, release.entries["decision"].id, Decision)
    return card_records(release.ledger, decision, ABOUT)


def test_the_head_is_the_entry_of_the_decision(ledger: Ledger, tmp_path: Path) -> None:
    release = append_release(ledger, tmp_path / "artefacts")
    given, entry = records(release), release.entries["decision"]
    assert (given.head.seq, given.head.hash) == (entry.seq, entry.hash)
    assert given.aliases == {}
    assert given.training is not None
    assert given.training.id == release.entries["training set"].id


def test_what_happens_later_changes_no_card(ledger: Ledger, tmp_path: Path) -> None:
    first = append_release(ledger, tmp_path / "artefacts", "first")
    before = render_card(card_context(records(first)))
    second = append_release(ledger, tmp_path / "artefacts", "second")
    champion = ledger.alias("champion")
    assert champion is not None
    ledger.append(AliasMove(alias="fallback", adapter=None, decision=None, previous=None, reason="rolled back"))
    assert render_card(card_context(records(first))) == before
    assert records(second).aliases == {"champion": first.entries["adapter"].id}
    assert card_context(records(second)).rollback.target == first.entries["adapter"].id
