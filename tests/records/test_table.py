from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from qlora_gov.canonical import columns_id
from qlora_gov.records.example import Example, Message
from qlora_gov.records.table import (
    TABLES,
    Bools,
    Floats,
    cluster_numbers,
    examples_of,
    examples_table,
    labels_of,
    recorded_scores,
    recorded_table,
    scores_id,
    scores_of,
    scores_table,
)

TEXT = st.text(max_size=8)
MESSAGES = st.builds(Message, role=st.sampled_from(["system", "user", "assistant", "tool"]), content=TEXT)
EXTRA = (
    st.none()
    | st.booleans()
    | st.integers(-(2**53) + 1, 2**53 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | TEXT
)
EXAMPLES = st.builds(
    Example,
    messages=st.lists(MESSAGES, min_size=1, max_size=3).map(tuple),
    group=TEXT,
    provenance=st.none() | TEXT,
    intent=st.none() | TEXT,
    language=st.none() | TEXT,
    rejected=st.none() | TEXT.filter(bool),
    extra=st.dictionaries(TEXT, EXTRA | st.lists(EXTRA, max_size=2), max_size=3),
    source=TEXT,
)


@st.composite
def scored_statistics(draw: st.DrawFn, rows: int) -> tuple[Floats, Bools]:
    stats = draw(arrays(np.float64, (rows, draw(st.integers(1, 3)))))
    scored = draw(arrays(np.bool_, rows))
    stats[scored] = np.nan_to_num(stats[scored])
    return stats, scored


@given(st.lists(EXAMPLES, max_size=4))
def test_examples_come_back(examples: list[Example]) -> None:
    table = examples_table(examples)
    assert set(table) == set(TABLES["examples"])
    back = examples_of(table)
    assert back == examples
    assert columns_id(examples_table(back)) == columns_id(table)


def test_missing_and_empty_are_two_things() -> None:
    messages = (Message(role="assistant", content="Hi."),)
    tables = [
        examples_table([Example(messages=messages, group="g", source="s", intent=intent)])
        for intent in (None, "", "None")
    ]
    assert len({columns_id(table) for table in tables}) == 3
    assert [examples_of(table)[0].intent for table in tables] == [None, "", "None"]


@given(st.data(), st.integers(0, 5), st.integers(0, 3))
def test_scores_come_back(data: st.DataObject, rows: int, metrics: int) -> None:
    parts = [(index, *data.draw(scored_statistics(rows))) for index in range(metrics)]
    table = scores_table(parts)
    assert set(table) == set(TABLES["scores"])
    for index, stats, scored in parts:
        back, back_scored = scores_of(table, index, rows, stats.shape[1])
        assert np.array_equal(back_scored, scored)
        assert np.array_equal(back[scored], stats[scored])
        assert not back[~scored].any()
        assert scores_id(back, back_scored) == scores_id(stats, scored)


def test_an_empty_table_of_scores_has_the_types_of_a_full_one() -> None:
    full = scores_table([(0, np.ones((2, 1)), np.ones(2, dtype=bool))])
    empty = scores_table([])
    assert {name: column.dtype for name, column in empty.items() if isinstance(column, np.ndarray)} == {
        name: column.dtype for name, column in full.items() if isinstance(column, np.ndarray)
    }


@pytest.mark.parametrize(
    ("stats", "scored", "same"),
    [
        ([[1, 1], [9, 9], [2, 1]], [True, False, True], True),  # what an unscored row holds is not read
        ([[1, 1], [0, 0], [2, 2]], [True, False, True], False),
        ([[1, 1], [2, 1], [0, 0]], [True, True, False], False),  # the same numbers, of other rows
        ([[1, 2, 1, 1]], [True], False),
    ],
)
def test_the_id_of_scores_is_of_scored_rows_and_which_these_are(
    stats: list[list[float]], scored: list[bool], same: bool
) -> None:
    first = scores_id(np.array([[1.0, 1], [0, 0], [2, 1]]), np.array([True, False, True]))
    assert (scores_id(np.array(stats, dtype=np.float64), np.array(scored)) == first) == same


def test_clusters_count_groups_in_the_order_of_their_first_row() -> None:
    assert cluster_numbers(["b", "a", "b", "", "a"]).tolist() == [0, 1, 0, 2, 1]


def test_rows_are_sliced_by_their_properties_and_by_extras_that_are_texts() -> None:
    rows = [
        Example(messages=(Message(role="user", content="q"),), group="g", source="s", **fields)
        for fields in ({"intent": "card", "extra": {"level": "easy", "intent": "other"}}, {"extra": {"level": 3}})
    ]
    assert labels_of(rows) == {
        "intent": ["card", None],
        "language": [None, None],
        "level": ["easy", None],
        "provenance": [None, None],
    }


@given(st.lists(st.dictionaries(TEXT, st.floats(allow_nan=False, allow_infinity=False), max_size=3), max_size=4))
def test_recorded_scores_come_back(scores: list[dict[str, float]]) -> None:
    assert recorded_scores(recorded_table(scores), len(scores)) == scores
    assert recorded_scores(None, 2) == [{}, {}]
