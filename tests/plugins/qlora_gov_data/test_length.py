from __future__ import annotations

from collections.abc import Callable

import pytest
from pydantic import ValidationError

from qlora_gov import Example
from qlora_gov_data.length import Length, LengthSettings


@pytest.mark.parametrize(
    ("limits", "reason"),
    [
        ({"prompt": {"min_words": 5}}, "prompt under min_words"),
        ({"prompt": {"min_words": 4, "max_words": 4}}, None),
        ({"prompt": {"max_words": 3}}, "prompt over max_words"),
        ({"prompt": {"min_characters": 21}}, "prompt under min_characters"),
        ({"prompt": {"min_characters": 20, "max_characters": 20}}, None),
        ({"prompt": {"max_characters": 19}}, "prompt over max_characters"),
        ({"answer": {"min_words": 3}}, "answer under min_words"),
        ({"answer": {"max_words": 1}}, "answer over max_words"),
        ({"answer": {"max_characters": 10}}, "answer over max_characters"),
        ({"answer": {"max_characters": 11}}, None),
        ({"prompt": {"max_words": 1}, "answer": {"max_words": 1}}, "prompt over max_words"),
    ],
)
def test_limits_include_their_ends_and_reasons_name_them(
    chat: Callable[..., Example],
    verdicts: Callable[..., list[str | None]],
    limits: dict[str, dict[str, int]],
    reason: str | None,
) -> None:
    row = chat("Where is ours?", "In Brighton", system="Hello")
    assert verdicts(Length(LengthSettings.model_validate(limits)), [row]) == [reason]


def test_limits_on_the_answer_are_kept_by_a_rejected_one(
    chat: Callable[..., Example], verdicts: Callable[..., list[str | None]]
) -> None:
    row = chat("Where is ours?", "In Brighton").model_copy(update={"rejected": "In Brighton, I think."})
    length = Length(LengthSettings.model_validate({"answer": {"max_words": 3}}))
    assert verdicts(length, [row]) == ["rejected answer over max_words"]
    assert verdicts(length, [row.model_copy(update={"rejected": "No."})]) == [None]


@pytest.mark.parametrize(
    ("limits", "message"),
    [
        ({}, "set a limit, such as"),
        ({"answer": {}}, "set a limit, such as"),
        ({"answer": {"min_words": 5, "max_words": 4}}, "min_words 5 is above max_words 4; no row would be left"),
        ({"answer": {"max_words": 0}}, "greater than or equal to 1"),
    ],
)
def test_limits_that_mean_nothing_are_refused(limits: dict[str, dict[str, int]], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        LengthSettings.model_validate(limits)
