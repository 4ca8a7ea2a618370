"""Nested settings by dotted names."""

from __future__ import annotations

from typing import Any

import pytest

from qlora_gov_imports.canonical import settings


@pytest.mark.parametrize(
    ("value", "found"),
    [
        (5, {"s": 5}),
        (False, {"s": False}),
        (0, {"s": 0}),
        (None, {}),
        ("", {}),
        ([], {}),
        ({"a": {"b": 1, "c": None}}, {"s.a.b": 1}),
        ([{"metric": "acc", "ignore_case": True}, {"metric": "f1"}], {"s.acc.ignore_case": True}),
        ([{"name": "x", "filter": [{"function": "f"}]}], {"s.x.filter": [{"function": "f"}]}),
        ([{"name": "x"}, {"name": "x"}], {"s": [{"name": "x"}, {"name": "x"}]}),
        ("<function f at 0x7f00>", {"s": "<function f>"}),
        ([{"f": "<function f at 0x7f00>"}], {"s": [{"f": "<function f>"}]}),
    ],
)
def test_each_leaf_has_a_name_and_none_an_address(value: Any, found: dict[str, Any]) -> None:
    assert dict(settings("s", value)) == found
