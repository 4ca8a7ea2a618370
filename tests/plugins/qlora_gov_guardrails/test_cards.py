"""Payment cards: every range in every writing, and nothing that only has some digits of one."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qlora_gov_guardrails.cards import NETWORKS, find_cards, luhn_holds

# Numbers that networks and payment services publish for tests, and one of each further range with its check digit.
NUMBERS = (
    "4111111111111111", "4222222222222", "4000000000000000006", "5105105105105100", "2221000000000009",
    "2720990000000007", "378282246310005", "341111111111111", "30569309025904", "38520000023237", "3530111333300000",
    "6011111111111117", "6445644564456445", "6200000000000005", "8171999900000000021", "6304000000000000",
    "501800000009", "6759649826438453", "2200000000000004", "9792000000000001",
)  # fmt: skip
GROUPS = {15: (4, 6, 5), 14: (4, 6, 4)}


def found(text: str) -> list[str]:
    return [text[start:end] for start, end in find_cards(text)]


def with_check_digit(body: str) -> str:
    return next(body + digit for digit in "0123456789" if luhn_holds(body + digit))


@pytest.mark.parametrize("number", NUMBERS)
@pytest.mark.parametrize("separator", ["", " ", "-", ".", "/", "_"])
def test_a_card_is_found_in_every_usual_writing(number: str, separator: str) -> None:
    number = with_check_digit(number[:-1])
    ends = list(itertools.accumulate(GROUPS.get(len(number), (4,) * 5), initial=0))
    parts = [number[start:end] for start, end in itertools.pairwise(ends)]
    written = separator.join(filter(None, parts))
    for text in ("{}", "card:{}.", "Is {}, 04/27 mine?", "from 2024 {} again", "({})"):
        assert found(text.format(written)) == [written]


@pytest.mark.parametrize("layout", ["4111 1111 1111 1111", "3782 822463 10005", "4000 0000 0000 0000 006"])
@pytest.mark.parametrize(
    "separator",
    ["\n", "\r\n", "\n\n", "\t", "\u00b7", " \u2022 ", "|", " | ", ",", ", ", ":", "; ", ")(", "** **", "_ _", "-\n"],
)
def test_a_card_is_found_whatever_parts_its_groups(separator: str, layout: str) -> None:
    written = layout.replace(" ", separator)
    for text in ("{}", "card:\n({}).", "| {} |", "Is **{}** mine, from 04/27?", "卡号{}是", "2 of {}\u2013 04/27"):
        assert found(text.format(written)) == [written]


@pytest.mark.parametrize(
    "written",
    [
        "4111 1111\n1111 1111",
        "4111-1111-\n1111-1111",
        "4 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1",
        "4 1 1 1  1 1 1 1  1 1 1 1  1 1 1 1",
        "3 7 8 2 8 2 2 4 6 3 1 0 0 0 5",
    ],
)
def test_a_card_is_found_in_single_digits_and_over_two_lines(written: str) -> None:
    assert found(f"My card is {written}, is it not?") == [written]


@pytest.mark.parametrize("separator", ["|", " | ", ",", ", ", "\t", "\n", ";", " \u00b7 "])
@pytest.mark.parametrize("cells", ["{} 1234", "1234 {}", "{} 1", "12 {} 34"])
def test_of_more_cells_than_a_card_has_groups_none_are_one(cells: str, separator: str) -> None:
    assert found(cells.format("4111 1111 1111 1111").replace(" ", separator)) == []


@pytest.mark.parametrize("separator", [" | ", ",", "\t", ";"])
def test_rows_of_a_table_are_cards_only_if_all_are(separator: str) -> None:
    rows = [
        separator.join(row.split()) for row in ("4111 1111 1111 1111", "5105 1051 0510 5100", "2310 4811 3377 1290")
    ]
    assert found("a\n{}\nb\n{}\n".format(*rows)) == rows[:2]
    assert found("a\n{}\nb\n{}\nc\n{}\n".format(*rows)) == []


@pytest.mark.parametrize(
    "text",
    [
        "4111111111111112",  # a wrong check digit
        "41111111111111111111",  # twenty digits
        "a4111111111111111",
        "4111111111111111f",
        "x_4111111111111111",
        "0.4111111111111111",  # a fraction
        "4111111111111111.25",
        "4111-1111-1111-1111-2222",  # an identifier of five groups
        "7-4111-1111-1111-1111",
        "4111 1111-1111 1111",  # two separators
        "4111|1111,1111|1111",
        "4111a1111a1111a1111",
        "4111 -- -- 1111 -- -- 1111 -- -- 1111",  # too far apart
        "ab12-4111-1111-1111-1111",
        "4111|1111|1111|1111x",
        "4,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1",  # answers on a scale
        "5018, 0000, 0009",
        "0000000000000000",
        "9999999999999995",  # nobody issues it
        "1234567812345670",
        "",
    ],
)
def test_what_is_no_card_is_not_found(text: str) -> None:
    assert found(text) == []


def test_two_cards_in_one_text_are_two() -> None:
    assert found("5105105105105100, 4111 1111 1111 1111 123") == ["5105105105105100", "4111 1111 1111 1111"]


@given(st.sampled_from(NETWORKS), st.data())
def test_every_number_of_every_range_is_found(network, data) -> None:
    prefix = str(data.draw(st.integers(int(network.first), int(network.last))))
    length = data.draw(st.sampled_from(sorted(network.lengths))) - len(prefix) - 1
    number = with_check_digit(prefix + data.draw(st.text("0123456789", min_size=length, max_size=length)))
    assert found(f"card {number} lost") == [number]


@given(st.text("0123456789", min_size=20, max_size=60))
def test_no_run_of_more_digits_holds_a_card(digits: str) -> None:
    assert found(digits) == []
