"""Parts of one set of rows: disjoint, complete, in their shares, and the same whichever part asks."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from qlora_gov import DataError, Example, Message
from qlora_gov_data.split import ELSEWHERE, Split, SplitSettings

TWO = {"training": 0.9, "evaluation": 0.1}
THREE = {"training": 0.7, "validation": 0.2, "evaluation": 0.1}


def row(prompt: str, group: str, intent: str | None = None, answer: str = "Yes.", **extra: Any) -> Example:
    messages = (Message(role="user", content=prompt), Message(role="assistant", content=answer))
    return Example(messages=messages, group=group, intent=intent, extra=extra, source="test:1")


def left(rows: Sequence[Example], part: str, **wanted: Any) -> list[Example]:
    split = Split(SplitSettings.model_validate({"part": part, "shares": TWO, **wanted}))
    sketches = [sketch for one in rows for sketch in split.sketch([one])]
    drops = split.choose([one.id for one in rows], sketches)
    assert {drop.reason for drop in drops.values()} <= {ELSEWHERE}
    return [one for place, one in enumerate(rows) if place not in drops]


def parts(rows: Sequence[Example], **wanted: Any) -> dict[str, list[Example]]:
    """The rows of each part; of one that gets none, none."""

    def of(part: str) -> list[Example]:
        try:
            return left(rows, part, **wanted)
        except DataError:
            return []

    return {part: of(part) for part in wanted.get("shares", TWO)}


def intents(rows: Sequence[Example]) -> Counter[str | None]:
    return Counter(one.intent for one in rows)


@st.composite
def sets(draw: st.DrawFn) -> list[Example]:
    """Rows of some intents; a group is of one intent, and one prompt stands in several groups of an intent."""
    rows = []
    for intent in range(draw(st.integers(1, 3))):
        sizes = draw(st.lists(st.integers(1, 4), min_size=1, max_size=20))
        shared = draw(st.integers(0, 3))
        for group, size in enumerate(sizes):
            for number in range(size):
                asked = "again" if number == 0 and group < shared else f"{group} {number}"
                rows.append(row(f"i{intent} {asked}?", f"i{intent} g{group}", f"i{intent}", f"{group} {number}"))
    return rows


def largest(rows: Sequence[Example]) -> int:
    """The rows of the largest cluster of some that :func:`sets` made."""
    clusters = Counter(one.group for one in rows)
    again = {one.group: one.intent for one in rows if "again" in one.question}
    for group, intent in again.items():
        clusters[f"{intent} again"] += clusters[group]
    return max(clusters.values())


@settings(max_examples=40)
@given(sets(), st.sampled_from([TWO, THREE]), st.sampled_from([(), ("intent",)]), st.integers(0, 9), st.randoms())
def test_parts_are_disjoint_complete_in_their_shares_and_free_of_order(
    rows: list[Example], shares: dict[str, float], by: tuple[str, ...], seed: int, rng: Random
) -> None:
    wanted: dict[str, Any] = {"shares": shares, "by": by, "seed": seed}
    found = parts(rows, **wanted)
    homes = {one.id: part for part, held in found.items() for one in held}
    assert sum(map(len, found.values())) == len(homes) == len(rows), "each row is in one part, whichever part asks"
    assert len({(one.group, homes[one.id]) for one in rows}) == len({one.group for one in rows})
    assert len({(one.question, homes[one.id]) for one in rows}) == len({one.question for one in rows})

    again = parts(rng.sample(rows, len(rows)), **wanted)
    assert {one.id: part for part, held in again.items() for one in held} == homes

    away = (len(shares) - 1) * (largest(rows) / 2 + 1)
    for part, share in shares.items():
        assert abs(len(found[part]) - share * len(rows)) <= away
        for intent, count in intents(rows).items() if by else ():
            assert abs(intents(found[part])[intent] - share * count) <= 2 * away


def test_of_rows_that_share_nothing_every_stratum_has_its_shares_exactly() -> None:
    rows = [row(f"{intent} {at}?", f"{intent} {at}", f"i{intent}") for intent in range(10) for at in range(30)]
    held = left(rows, "evaluation", by=["intent"])
    assert set(intents(held).values()) == {3}
    assert len(intents(held)) == 10
    assert held != left(rows, "evaluation", by=["intent"], seed=1)
    assert len(left(rows, "evaluation")) == 30


@pytest.mark.parametrize(("group", "away"), [(1, 0), (2, 1)])
def test_strata_too_small_for_a_row_of_each_part_take_turns(group: int, away: int) -> None:
    sizes = [(intent, at) for intent in range(50) for at in range(4)]
    rows = [row(f"{intent} {at}?", f"{intent} {at // group}", f"i{intent}") for intent, at in sizes]
    held = left(rows, "evaluation", by=["intent"])
    assert abs(len(held) - 20) <= away
    assert max(intents(held).values()) == group


def test_the_same_question_in_other_words_of_writing_stays_in_one_part() -> None:
    rows = [row(f"{at}?", f"g{at}") for at in range(60)]
    same = [row("Where is it?", "a"), row("where  is IT", "b"), row("Another?", "b", answer="No.")]
    for seed in range(10):
        held = left(rows + same, "evaluation", seed=seed)
        assert len([one for one in held if one in same]) in (0, 3)


def test_labels_of_any_kind_make_strata_and_a_group_of_several_is_one_of_its_own() -> None:
    rows = [row(f"{at}?", f"g{at // 2}", level=at % 2) for at in range(40)]
    held = left(rows, "evaluation", by=["level"])
    assert Counter(one.extra["level"] for one in held) == {0: 2, 1: 2}


def test_what_cannot_be_divided_is_told() -> None:
    rows = [row(f"{at}?", "one group") for at in range(20)]
    with pytest.raises(DataError, match="split: no row has a label 'intnet', which 'by' names"):
        left(rows, "training", by=["intnet"])
    with pytest.raises(
        DataError, match=r"split: 'evaluation' gets none of 20 rows: .* none are as few as its share, 0\.1"
    ):
        left(rows, "evaluation")
    assert left(rows, "training") == rows
    assert left([], "evaluation", by=["intent"]) == []


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"part": "test"}, "part 'test' is none of those in shares: training, evaluation"),
        ({"shares": {"training": 0.9, "evaluation": 0.2}}, "sum to 1, not to 1.1"),
        ({"shares": {"training": 1.0, "evaluation": 0.0}}, "shares must be above 0"),
        ({"shares": {"evaluation": 1.0}}, "two parts or more"),
    ],
)
def test_shares_that_divide_nothing_are_refused(changes: dict[str, Any], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        SplitSettings.model_validate({"part": "evaluation", "shares": TWO, **changes})
