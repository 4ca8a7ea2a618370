"""The rule on answers: whether enough of them differ."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from pydantic import ValidationError

from qlora_gov import Comparison, Outcome
from qlora_gov_gates.differs import Differs, DiffersSettings
from tests.stats.comparisons import compare


def comparison(equal: list[bool]) -> Comparison:
    zeros = np.zeros(len(equal))
    return replace(compare(zeros, zeros), equal=np.array(equal, dtype=bool))


@pytest.mark.parametrize(
    ("differ", "of", "settings", "outcome"),
    [
        (0, 200, {}, Outcome.FAIL),
        (1, 200, {}, Outcome.PASS),
        (1, 1, {}, Outcome.PASS),
        (0, 0, {}, Outcome.FAIL),
        (9, 200, {"rows": 10}, Outcome.FAIL),
        (10, 200, {"rows": 10}, Outcome.PASS),
        (2, 30, {"share": 0.1}, Outcome.FAIL),
        (3, 30, {"share": 0.1}, Outcome.PASS),
        (3, 21, {"share": 0.1}, Outcome.PASS),
        (2, 21, {"share": 0.1}, Outcome.FAIL),
        (3, 30, {"share": 0.1, "rows": 4}, Outcome.FAIL),
        (199, 200, {"share": 1}, Outcome.FAIL),
        (200, 200, {"share": 1}, Outcome.PASS),
    ],
)
def test_enough_answers_differ_or_it_fails(differ: int, of: int, settings: dict[str, float], outcome: Outcome) -> None:
    rows = [at >= differ for at in range(of)]
    verdict = Differs(DiffersSettings.model_validate(settings)).decide(comparison(rows))
    assert verdict.outcome is outcome
    assert verdict.rows == of
    assert verdict.estimate == (differ / of if of else None)
    assert verdict.reason.startswith(f"answers: {differ} of {of} differ from the champion's, and at least ")


def test_where_no_answer_differs_it_asks_what_to_look_for() -> None:
    verdict = Differs(DiffersSettings()).decide(comparison([True, True]))
    assert verdict.reason.endswith("at least one must: was the adapter applied?")


def test_nothing_is_said_of_answers_that_are_not_on_record() -> None:
    zeros = np.zeros(3)
    with pytest.raises(ValueError, match="the answers are not on record"):
        Differs(DiffersSettings()).decide(compare(zeros, zeros))


@pytest.mark.parametrize("settings", [{"rows": 0}, {"share": -0.1}, {"share": 1.1}, {"metric": "rouge_l"}])
def test_a_limit_that_says_nothing_is_refused(settings: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        DiffersSettings.model_validate(settings)
