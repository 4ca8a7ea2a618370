"""Comparing what was answered then and now."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from qlora_gov.records.answer import Answer, LogLikelihood
from qlora_gov.stages.replay import compare, environment_changes, spread
from tests.stages.toys import HERE


def told(response: str = "yes", nll: float | None = 2.0, tokens: int = 3) -> Answer:
    return Answer(response, "stop", None if nll is None else LogLikelihood(nll, tokens, 9))


@pytest.mark.parametrize(
    ("then", "now", "text", "likelihood"),
    [
        (told(), told(), True, True),
        (told(), told("Yes"), False, True),
        (told(), told(nll=2.001), True, True),
        (told(), told(nll=2.01), True, False),
        (told(), told(tokens=4), True, False),
        (told(), told(nll=None), True, False),
        (told(nll=None), told(nll=None), True, None),
    ],
)
def test_a_row_is_the_same_to_the_character_and_within_the_tolerance(
    then: Answer, now: Answer, text: bool, likelihood: bool | None
) -> None:
    replay = compare([4], [then], [now], of=9, batches=(1, 9), changed=[])
    (row,) = replay.rows
    assert (row.row, row.text, row.likelihood) == (4, text, likelihood)
    assert replay.matches is (text and likelihood is not False)


def test_the_sentence_states_rates_and_tolerance() -> None:
    replay = compare([3, 0], [told(), told()], [told(), told("no", 3.0)], of=6, batches=(1, 3), changed=[])
    assert replay.sentence == (
        "1 of 2 answers are the same to the character; 1 of 2 log-likelihoods within 0.001 relative "
        "(2 of 6 rows, in 1 of the 3 batches that they were answered in)"
    )
    assert [row.row for row in replay.rows] == [0, 3]


BATCHES = [[5, 2], [0, 7], [3, 1], [6, 4], [8]]


@pytest.mark.parametrize(
    ("count", "picked"),
    [(1, [0]), (2, [0]), (3, [0, 2]), (5, [0, 1, 3]), (6, [0, 1, 3]), (8, [0, 1, 2, 3]), (9, range(5)), (99, range(5))],
)
def test_whole_batches_are_spread_evenly(count: int, picked: Sequence[int]) -> None:
    assert spread(BATCHES, count) == [BATCHES[at] for at in picked]
    assert spread([], count) == []


def test_the_environment_is_compared_by_what_can_change_an_answer() -> None:
    then = HERE.model_copy(update={"packages": {"torch": "2.12"}, "git_commit": "a"})
    now = HERE.model_copy(update={"packages": {"torch": "2.13", "peft": "1"}, "threads": 4})
    assert environment_changes(then, now) == [
        ("threads", "1", "4"),
        ("peft", "none", "1"),
        ("torch", "2.12", "2.13"),
    ]
    assert environment_changes(HERE, HERE) == []
