from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from qlora_gov.canonical import Column, bytes_id, canonical_json, columns_id, content_id, file_id, parse_json, tree_id

JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53) + 1, 2**53 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


def test_the_form_is_the_one_of_rfc_8785() -> None:
    # The sample of section 3.2.2, and what section 3.2.3 makes of it.
    sample = r"""{
        "numbers": [333333333.33333329, 1E30, 4.50, 2e-3, 0.000000000000000000000000001],
        "string": "\u20ac$\u000F\u000aA'\u0042\u0022\u005c\\\"\/",
        "literals": [null, true, false]
    }"""
    assert canonical_json(json.loads(sample)).decode() == (
        '{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],'
        '"string":"€$\\u000f\\nA\'B\\"\\\\\\\\\\"/"}'
    )


@given(JSON)
def test_a_value_survives_its_form(value: Any) -> None:
    form = canonical_json(value)
    assert parse_json(form) == value
    assert canonical_json(parse_json(form)) == form


TEXTS = st.recursive(
    st.none() | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=3), inner, max_size=4),
    max_leaves=12,
)


@given(TEXTS)
def test_texts_have_the_form_that_a_library_gives_them(value: Any) -> None:
    assert canonical_json(value) == rfc8785.dumps(value)


@pytest.mark.parametrize("number", [2.0**53, 1e16, -1e20, 1e21, 2**53 - 1])
def test_a_large_number_comes_back_as_what_it_was(number: float) -> None:
    back = parse_json(canonical_json(number))
    assert (back, type(back)) == (number, type(number))


@pytest.mark.parametrize(
    ("number", "form"), [(1.0, "1"), (-0.0, "0"), (5e-324, "5e-324"), (2**53 - 1, "9007199254740991")]
)
def test_a_number_has_one_form(number: float, form: str) -> None:
    assert canonical_json(number).decode() == form


@pytest.mark.parametrize(
    "value",
    [float("nan"), float("inf"), -float("inf"), 2**53, -(2**53), {1: "a"}, {"a": {"b"}}, "\ud800", np.int64(1), b"a"],
    ids=repr,
)
def test_what_json_cannot_carry_is_refused(value: Any) -> None:
    with pytest.raises(ValueError, match="not canonical JSON"):
        canonical_json({"inner": [value]})


def test_an_id_names_its_algorithm_and_not_the_order_of_keys() -> None:
    assert content_id({"b": 1, "a": [2, 3]}) == content_id({"a": [2, 3], "b": 1})
    assert content_id([1, 2]) != content_id([2, 1])
    assert content_id({}) == f"sha256:{hashlib.sha256(b'{}').hexdigest()}"


def test_a_file_has_the_id_of_its_bytes(tmp_path: Path) -> None:
    path = tmp_path / "weights"
    for data in (b"", b"\r\n", bytes(range(256)) * 5000):
        path.write_bytes(data)
        assert file_id(path) == bytes_id(data)


def test_a_tree_is_its_names_and_its_bytes() -> None:
    tree = {"a": bytes_id(b"1"), "b/c": bytes_id(b"2")}
    assert tree_id(tree) == tree_id(dict(reversed(tree.items())))
    assert tree_id(tree) != tree_id({"a": bytes_id(b"2"), "b/c": bytes_id(b"1")})
    assert tree_id(tree) != tree_id({"a": bytes_id(b"1"), "b": bytes_id(b"2")})


DIFFERENT: list[Column] = [
    np.array([1, 0]),
    np.array([0, 1]),
    np.array([1.0, 0.0]),
    np.array([True, False]),
    np.array([[1, 0]]),
    np.array([[1], [0]]),
    np.array([1, 0, 0]),
    ["1", "0"],
    ["10", ""],
    ["", "10"],
    ["10", None],
    ["10"],
    [None, None],
    ["", ""],
    [],
    np.array([], dtype=np.int64),
    np.array([], dtype=np.float64),
]


def test_columns_of_other_content_type_or_shape_have_other_ids() -> None:
    assert len({columns_id({"x": column}) for column in DIFFERENT}) == len(DIFFERENT)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (np.array([1, 2]), np.array([1, 2], dtype=np.int8)),
        (np.array([1, 2]), np.array([1, 2], dtype=">i4")),
        (np.array([1, 2]), np.array([1, 0, 2, 0])[::2]),
        (np.array([0.5, 0.1]), np.array([0.5, 0.1], dtype=">f8")),
        (np.array([0.5, 2.0]), np.array([0.5, 2.0], dtype=np.float32)),
        (np.arange(6.0).reshape(2, 3), np.asfortranarray(np.arange(6.0).reshape(2, 3))),
        (["a", None], ("a", None)),
        (["a", "é"], np.array(["a", "é"])),
        (["a", None], np.array(["a", None], dtype=object)),
    ],
)
def test_how_a_column_is_held_does_not_matter(one: Column, other: Column) -> None:
    assert columns_id({"x": one, "y": ["a"]}) == columns_id({"y": ["a"], "x": other})


@given(st.lists(st.none() | st.text(), max_size=5), st.lists(st.none() | st.text(), max_size=5))
def test_texts_with_one_id_are_the_same_texts(one: list[str | None], other: list[str | None]) -> None:
    assert (columns_id({"x": one}) == columns_id({"x": other})) == (one == other)


def test_the_name_of_a_column_counts() -> None:
    assert columns_id({"x": ["a"], "y": ["b"]}) != columns_id({"x": ["b"], "y": ["a"]})


def test_the_form_of_columns_stays_as_it_is_in_stored_ledgers() -> None:
    header = b'{"name":"n","shape":[2],"type":"<i8"}' + bytes([1, *7 * [0], 2, *7 * [0]])
    texts = b'{"name":"t","shape":[2],"type":"text"}' + bytes([2, *7 * [0], *8 * [255]]) + "é".encode()
    expected = f"sha256:{hashlib.sha256(header + texts).hexdigest()}"
    assert columns_id({"t": ["é", None], "n": np.array([1, 2])}) == expected
