"""What counts as the same."""

from __future__ import annotations

from typing import Any

import pytest

from qlora_gov.verification.numbers import close, differences


@pytest.mark.parametrize(
    ("stated", "derived", "same"),
    [(1.0, 1.0 + 1e-10, True), (1.0, 1.0 + 1e-8, False), (0.0, 1e-17, True), (0.0, 1e-9, False), (3, 3.0, True)],
)
def test_numbers_agree_to_nine_digits(stated: float, derived: float, same: bool) -> None:
    assert close(stated, derived) is same


@pytest.mark.parametrize(
    ("derived", "field"),
    [
        ({"a": {"b": [1.0, 2.5]}, "c": "x", "d": None}, "a.b[1]"),
        ({"a": {"b": [1.0]}, "c": "x", "d": None}, "a.b"),
        ({"a": {"b": [1.0, 2.0]}, "c": "y", "d": None}, "c"),
        ({"a": {"b": [1.0, 2.0]}, "c": "x", "d": 0.0}, "d"),
        ({"a": None, "c": "x", "d": None}, "a"),
    ],
)
def test_a_difference_is_named_by_its_field(derived: Any, field: str) -> None:
    stated = {"a": {"b": [1.0, 2.0]}, "c": "x", "d": None}
    assert differences(stated, stated) == []
    (found,) = differences(stated, derived)
    assert found.startswith(f"{field} is stated as ")
