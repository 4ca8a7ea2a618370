"""Every number of a card has a record and a field."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import pytest

from qlora_gov.reports.rendering.figures import percent
from qlora_gov.tracing import StatedNumber, open_card, stated_numbers
from tests.support.imported import Imported

# What states nothing of the evidence: ids, versions, file names, times, and the template's own fixed words.
NOT_NUMBERS = r"`[^`]*`|sha256:\w+|\d+\.\d+\.\d+\S*|[A-Za-z_@]+[\w.@-]*\d[\w.]*|4 of 5 cases|\d{4}-\d\d-\d\dT\S+"


@pytest.fixture(scope="module")
def numbers(released: Imported) -> list[StatedNumber]:
    space = released.pipeline.space
    return stated_numbers(space.ledger, open_card(space.ledger, released.last("card").id), space.project.about)


def test_every_number_of_the_card_is_listed(released: Imported, numbers: list[StatedNumber]) -> None:
    card = released.root / ".qlora_gov" / "cards" / released.last("card").id[7:23] / "card.md"
    body = card.read_text().split("---\n", 2)[2]
    shown = {one.shown for one in numbers} | {percent(one.value) for one in numbers}
    shown |= {f"{100 * one.value:.4g}%" for one in numbers}
    words = re.sub(NOT_NUMBERS, " ", body)
    found = re.findall(r"(?<![\w.])-?\d[\d,]*(?:\.\d+)?(?:e[+-]?\d+)?%?", words)
    assert len(found) > 100
    assert sorted({one for one in found if one.rstrip(",") not in shown}) == []


def test_each_number_is_that_of_its_record(released: Imported, numbers: list[StatedNumber]) -> None:
    for one in numbers:
        if one.group in ("worked out by the card", "ledger head"):
            continue
        entry = released.ledger.get(one.id)
        assert entry.seq == one.seq
        value: Any = entry.record
        for step in re.findall(r"[^.\[\]]+|\[\d+\]", one.field):
            if step.startswith("["):
                value = value[int(step[1:-1])]
            else:
                value = value[step] if isinstance(value, Mapping) else getattr(value, step)
        assert one.shown in value if isinstance(value, str) else value == one.value


def test_measured_numbers_say_what_to_trace(numbers: list[StatedNumber]) -> None:
    by_field = {(one.group, one.field): one.metric for one in numbers}
    assert by_field["candidate's evaluation", "measurements[0].value"] == "accuracy"
    assert by_field["candidate's evaluation", "scans[0].corrected.value"] == "handles_rate"
    assert by_field["decision", "verdicts[2].verdict.estimate"] == "handles_rate"
    assert by_field["evaluation dataset", "rows"] is None


def test_numbers_that_no_record_holds_are_worked_out_by_the_card(numbers: list[StatedNumber]) -> None:
    derived = {one.field: one.value for one in numbers if one.group == "worked out by the card"}
    assert any(field.endswith("share") for field in derived)
