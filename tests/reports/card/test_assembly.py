import json
import os
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest

from qlora_gov.canonical import canonical_json
from qlora_gov.records import RECORDS, Absent, Record
from qlora_gov.reports.card.assembly import card_context
from qlora_gov.reports.card.markdown import render_card
from qlora_gov.reports.card.records import CardRecords, SubjectRecords


def test_nothing_is_known_of_what_was_made_elsewhere(
    records: Callable[..., CardRecords], imported: dict[str, Any]
) -> None:
    context = card_context(records(**imported))
    reason = "trained elsewhere; only its files are known: claimed by whoever imported the log of lm-eval 0.4.9"
    parts = (context.training, context.training_data, context.base, context.provenance_target, context.contamination)
    assert parts == 5 * (Absent(absent=reason),)
    assert [line.side for line in context.claims] == ["candidate", "champion"]


@pytest.mark.parametrize(
    ("champion_adapter", "aliases", "target"),
    [
        (None, {}, None),
        ("sha256:earlier", {}, "sha256:earlier"),
        ("sha256:earlier", {"champion": "sha256:now"}, "sha256:now"),
        ("sha256:earlier", {"champion": "sha256:now", "fallback": "sha256:safe"}, "sha256:now"),
        ("sha256:earlier", {"champion": None, "fallback": "sha256:safe"}, None),
    ],
)
def test_rollback_leads_to_the_champion_of_that_time(
    records: Callable[..., CardRecords],
    champion_adapter: str | None,
    aliases: dict[str, str | None],
    target: str | None,
) -> None:
    rollback = card_context(records(champion_adapter=champion_adapter, aliases=aliases)).rollback
    assert rollback.target == target
    assert rollback.command == "qlora-gov rollback PROJECT"


def test_rollback_never_leads_to_the_same_adapter(records: Callable[..., CardRecords]) -> None:
    this = records().adapter.id
    for fallback, target in ((this, None), ("sha256:safe", "sha256:safe"), (None, None)):
        aliases = {"champion": this, "fallback": fallback}
        assert card_context(records(aliases=aliases)).rollback.target == target


def test_records_read_back_give_the_same_bytes(records: Callable[..., CardRecords], everything: dict[str, Any]) -> None:
    given = records(**everything)
    again = CardRecords(
        about=given.about,
        decision=read_back(given.decision),
        policy=read_back(given.policy),
        candidate=subject_read_back(given.candidate),
        champion=subject_read_back(given.champion),
        reference=subject_read_back(given.reference),
        adapter=read_back(given.adapter),
        base=read_back(given.base),
        training=read_back(given.training),
        evaluation=read_back(given.evaluation),
        head=given.head,
        aliases=given.aliases,
        since=given.since,
    )
    assert render_card(card_context(again)).text == render_card(card_context(given)).text


def test_no_hash_seed_changes_a_byte() -> None:
    program = (
        "from tests.reports.conftest import AGAINST_REFERENCE, FAILING, complete\n"
        "from qlora_gov.reports.card.assembly import card_context\n"
        "from qlora_gov.reports.card.markdown import render_card\n"
        "aliases = {'fallback': None, 'champion': 'sha256:c'}\n"
        "evidence = complete(verdicts=(*FAILING, AGAINST_REFERENCE), aliases=aliases)\n"
        "print(ascii(render_card(card_context(evidence)).text))"
    )
    cards = {
        subprocess.run(
            [sys.executable, "-c", program],
            env={**os.environ, "PYTHONHASHSEED": seed},
            check=True,
            capture_output=True,
            text=True,
        ).stdout
        for seed in ("0", "1")
    }
    assert len(cards) == 1


def subject_read_back(subject: SubjectRecords | None) -> SubjectRecords:
    assert subject is not None
    return SubjectRecords(read_back(subject.evaluation), read_back(subject.responses))


def read_back(record: Record | None) -> Any:
    """The record as a ledger gives it back: from canonical JSON, whose keys are sorted and whose 1.0 is 1."""
    assert record is not None
    return RECORDS[record.kind].model_validate(json.loads(canonical_json(record.content())))
