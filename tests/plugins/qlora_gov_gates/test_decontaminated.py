"""The rule on what a candidate was trained on."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from qlora_gov import Comparison, Outcome, Overlap
from qlora_gov.records import Component, StepReport
from qlora_gov_gates.decontaminated import Decontaminated
from tests.stats.comparisons import compare

LEAK = Component(name="data/held_out_leak", distribution="qlora-gov", version="1", source="sha256:0", settings={})


def comparison(left: int = 0, unseen: int = 0, rows: int = 100) -> Comparison:
    step = StepReport(component=LEAK, action="filter", rows_in=rows, dropped={"near": 4, "within": 3}, changed=0)
    zeros = np.zeros(2)
    return replace(compare(zeros, zeros), overlap=Overlap(steps=(step,), left=left, unseen=unseen))


@pytest.mark.parametrize(
    ("found", "outcome", "why"),
    [
        ({}, Outcome.PASS, "no other was found to share anything with an evaluation row"),
        ({"left": 2}, Outcome.FAIL, "2 more share something with an evaluation row, and were left in"),
        ({"unseen": 5}, Outcome.INCONCLUSIVE, "5 were changed later: put the step last"),
        (
            {"left": 1, "unseen": 5},
            Outcome.FAIL,
            "1 more share something with an evaluation row, and were left in",
        ),
    ],
)
def test_what_was_found_must_be_gone(found: dict[str, int], outcome: Outcome, why: str) -> None:
    verdict = Decontaminated().decide(comparison(**found))
    assert verdict.outcome is outcome
    assert verdict.reason == f"data: of 100 training rows data/held_out_leak dropped 7; {why}"
    assert verdict.estimate == found.get("left", 0) / 100
    assert verdict.rows == 100


def test_a_step_that_was_given_no_row_left_none_in() -> None:
    assert Decontaminated().decide(comparison(rows=0)).estimate == 0


def test_nothing_is_said_where_nothing_is_on_record() -> None:
    zeros = np.zeros(3)
    with pytest.raises(ValueError, match="nothing is on record of the training data"):
        Decontaminated().decide(compare(zeros, zeros))
