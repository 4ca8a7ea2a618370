from __future__ import annotations

import pytest

from qlora_gov.stats import apportioned


@pytest.mark.parametrize(
    ("total", "counts"), [(0, [0, 0, 0]), (1, [0, 1, 0]), (3, [1, 1, 1]), (7, [2, 3, 2]), (10, [3, 4, 3])]
)
def test_whole_numbers_are_the_nearest_to_the_shares(total: int, counts: list[int]) -> None:
    assert list(apportioned(total, {"a": 0.3, "b": 0.4, "c": 0.3}).values()) == counts


def test_who_is_ahead_stands_back() -> None:
    shares = {"a": 0.5, "b": 0.5}
    assert apportioned(1, shares) == {"a": 1, "b": 0}
    assert apportioned(1, shares, {"a": 0.5, "b": -0.5}) == {"a": 0, "b": 1}
    assert apportioned(2, shares, {"a": 5.0}) == {"a": 1, "b": 1}, "of whole numbers nothing is taken back"
