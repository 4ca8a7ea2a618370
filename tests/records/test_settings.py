"""Settings of other tools as text, their differences, and in words."""

from __future__ import annotations

from typing import Any

import pytest

from qlora_gov.records.settings import as_text, differences, in_words


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("strict-match", "strict-match"),
        (0, "0"),
        (1.0, "1"),
        (True, "true"),
        (None, "null"),
        (["\n", "Q:"], r'["\n","Q:"]'),
        (" ", '" "'),
        ("", '""'),
        ("Q: {{q}}\nA:", r'"Q: {{q}}\nA:"'),
        (2**60, str(2**60)),
        ({"b": 1, "a": 2}, '{"a":2,"b":1}'),
    ],
)
def test_a_value_is_one_line_of_text(value: Any, text: str) -> None:
    assert as_text(value) == text


def test_a_long_value_is_its_digest_and_what_is_no_json_is_refused() -> None:
    assert as_text("a" * 60) == "a" * 60
    assert as_text("a" * 61).startswith("sha256:")
    assert as_text("a" * 61) != as_text("a" * 62)
    with pytest.raises(TypeError):
        as_text({1, 2})


def test_differences_name_the_setting_and_both_values() -> None:
    one = {"num_fewshot": "0", "limit": "10", "same": "x", "text": as_text("a" * 99)}
    other = {"num_fewshot": "5", "same": "x", "text": as_text("b" * 99)}
    limit, shots, text = differences(one, other)
    assert (limit, shots) == ("setting 'limit' (10 and not set)", "setting 'num_fewshot' (0 and 5)")
    assert text.startswith("setting 'text' (a text of digest ")
    assert differences(one, dict(one)) == []


def test_what_differs_alike_in_several_tasks_is_named_once() -> None:
    def log(*shots: int) -> dict[str, str]:
        return {f"t{at}: num_fewshot": str(shot) for at, shot in enumerate(shots)}

    assert differences(log(0, 0), log(0, 5)) == ["setting 't1: num_fewshot' (0 and 5)"]
    assert differences(log(0, 0), log(5, 5)) == ["setting 'num_fewshot' of t0, t1 (0 and 5)"]
    assert differences(log(0, 0), log(5, 4)) == [
        "setting 't0: num_fewshot' (0 and 5)",
        "setting 't1: num_fewshot' (0 and 4)",
    ]
    assert differences(log(*[0] * 9), log(*[5] * 9)) == ["setting 'num_fewshot' of 9 tasks (0 and 5)"]


def test_words_say_once_what_all_tasks_share() -> None:
    settings = {"a: shots": "0", "b: shots": "0", "a: filters": "none", "b: filters": "strict", "limit": "9"}
    assert in_words(settings) == "filters of a none; filters of b strict; limit 9; shots 0"
    assert in_words({"shots": "5"}) == "shots 5"
    assert in_words({}) == ""
