"""Which rows are trained on, and which are set apart."""

from __future__ import annotations

import pytest

from qlora_gov import DataError, Example
from qlora_gov_trainers.draws import drawn, set_apart, split
from tests.stages.toys import example

ROWS = [example(f"Ask {n}?", group=f"g{n // 3}") for n in range(60)]


def test_so_many_rows_are_drawn_whatever_their_order() -> None:
    some = drawn(ROWS, 20, seed=1)
    assert len(some) == 20
    assert [row for row in ROWS if row in some] == list(some), "in the order in which they stand"
    assert {row.id for row in drawn(ROWS[::-1], 20, seed=1)} == {row.id for row in some}
    assert {row.id for row in drawn(ROWS, 20, seed=2)} != {row.id for row in some}
    assert {row.id for row in drawn(ROWS, 19, seed=1)} < {row.id for row in some}


def test_all_rows_are_trained_on_where_there_are_no_more() -> None:
    assert drawn(ROWS, None, seed=1) is ROWS
    assert list(drawn(ROWS, 100, seed=1)) == ROWS


def test_a_share_is_set_apart_in_whole_groups_whatever_the_order() -> None:
    def groups(rows: list[Example], seed: int) -> tuple[set[str], set[str]]:
        taken, apart = split(rows, set_apart(rows, 0.1, seed))
        assert len(apart) == 6
        return {row.group for row in taken}, {row.group for row in apart}

    taken, apart = groups(ROWS, 1)
    assert not taken & apart
    assert groups(ROWS[::-1], 1) == (taken, apart)
    assert groups(ROWS, 2) != (taken, apart)


def test_one_group_at_least_is_set_apart_and_one_is_left() -> None:
    assert len(set_apart(ROWS, 1e-6, 1)) == 3
    assert len(set_apart(ROWS, 0.95, 1)) == 57
    with pytest.raises(DataError, match=r"^training.early_stopping: a share of 0.1 leaves none of 3 rows to train on"):
        set_apart(ROWS[:3], 0.1, 1)
