"""How a card is named."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from qlora_gov.errors import IntegrityError, LedgerError, UsageError
from qlora_gov.tracing import open_card
from tests.support.imported import Imported


def test_a_card_is_found_by_its_file_wherever_it_lies_and_by_ids(released: Imported, tmp_path: Path) -> None:
    ledger, entry = released.ledger, released.ledger.entries("card")[0]
    kept = shutil.copy(released.root / ".qlora_gov" / "cards" / entry.id[7:23] / "card.html", tmp_path)
    by_file = open_card(ledger, str(kept))
    assert by_file == open_card(ledger, entry.id) == open_card(ledger, entry.id[7:20])
    assert by_file.entries[0] == entry
    by_decision = open_card(ledger, by_file.decision.id)
    assert by_decision.card is None
    assert by_decision.decision == by_file.decision
    assert list(by_file.evaluations) == ["candidate", "champion"]


def test_an_edited_file_is_refused(released: Imported, tmp_path: Path) -> None:
    (tmp_path / "card.md").write_text("# Other")
    with pytest.raises(IntegrityError, match=r"card\.md is no card that the ledger knows: it was edited"):
        open_card(released.ledger, str(tmp_path / "card.md"))


def test_what_is_no_card_is_a_wrong_call(released: Imported) -> None:
    with pytest.raises(UsageError, match=r"no such card: gone/card\.md"):
        open_card(released.ledger, "gone/card.md")
    with pytest.raises(UsageError, match="is a policy; write a card's file"):
        open_card(released.ledger, released.ledger.entries("policy")[0].id)
    with pytest.raises(LedgerError, match="no record id"):
        open_card(released.ledger, "xyz")
