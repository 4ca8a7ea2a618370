from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qlora_gov.canonical import columns_id
from qlora_gov.errors import IntegrityError
from qlora_gov.ledger import columns, schema
from qlora_gov.ledger.connection import connect
from qlora_gov.ledger.local import FileSession
from qlora_gov.records.table import TABLES, Table, scores_table

TEXTS = st.text(st.characters(exclude_categories=["Cs"]))
NUMBERS = st.integers(-(2**63), 2**63 - 1)
FLOATS = st.floats(allow_nan=False, allow_infinity=False)
STRATEGIES = {
    "TEXT": TEXTS,
    "TEXT?": st.none() | TEXTS,
    "BIGINT": NUMBERS,
    "DOUBLE": FLOATS,
    "DOUBLE?": st.none() | FLOATS,
}
DTYPES = {"BIGINT": np.int64, "DOUBLE": np.float64}


@st.composite
def tables(draw: st.DrawFn, name: str) -> Table:
    count = draw(st.integers(0, 6))
    drawn = {
        column: draw(st.lists(STRATEGIES[kind], min_size=count, max_size=count))
        for column, kind in TABLES[name].items()
    }
    return {
        column: np.array(drawn[column], dtype=DTYPES[kind]) if kind in DTYPES else drawn[column]
        for column, kind in TABLES[name].items()
    }


@settings(max_examples=25, deadline=None)
@given(data=st.data())
@pytest.mark.parametrize("name", TABLES)
def test_rows_keep_their_digest(name: str, data: st.DataObject) -> None:
    first, second = data.draw(tables(name)), data.draw(tables(name))
    with connect() as connection:
        schema.migrate(connection, 0)
        session = FileSession(connection)
        for entry, table in ((1, first), (2, second)):
            session.write([f"SET VARIABLE entry = {entry}"], {name: columns.typed(name, table)})
        assert columns_id(columns.read(session, 1, name)) == columns_id(first)
        assert columns_id(columns.read(session, 2, name)) == columns_id(second)


def test_many_rows_keep_their_order() -> None:
    """More rows than one of DuckDB's row groups, read and written by two threads."""
    value = np.random.default_rng(0).random(300_000)
    table = {"metric": np.zeros(value.size, np.int64), "component": np.zeros(value.size, np.int64)}
    table |= {"row": np.arange(value.size)[::-1], "value": value}
    with connect() as connection:
        schema.migrate(connection, 0)
        session = FileSession(connection)
        for entry in (1, 2):
            session.write([f"SET VARIABLE entry = {entry}"], {"scores": columns.typed("scores", table)})
        for entry in (1, 2):
            found = columns.read(session, entry, "scores")
            np.testing.assert_array_equal(found["value"], value)
            np.testing.assert_array_equal(found["row"], table["row"])


RIGHT = {"row": np.arange(2), "nll": np.array([0.5, 1.0]), "tokens": np.arange(2), "bytes": np.arange(2)}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"nll": np.array([0.5, np.nan])}, "likelihoods.nll holds a number that is not finite"),
        ({"nll": np.array([0.5, np.inf])}, "likelihoods.nll holds a number that is not finite"),
        ({"row": np.array([0.0, 1.0])}, "likelihoods.row holds float64 of shape .* not a column of int64"),
        ({"row": ["0", "1"]}, "likelihoods.row holds <U1 of shape"),
        ({"row": np.zeros((2, 2), dtype=np.int64)}, r"likelihoods.row holds int64 of shape \(2, 2\)"),
        ({"tokens": np.arange(3)}, "'likelihoods' has columns of unequal lengths"),
        ({"more": np.arange(2)}, "'likelihoods' has the columns .*'tokens'.*, not .*'more'"),
    ],
)
def test_columns_of_other_types_are_refused(change: Table, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        columns.typed("likelihoods", {**RIGHT, **change})


@pytest.mark.parametrize("text", [None, 3, b"x"])
def test_a_text_is_a_text(text: object) -> None:
    table = {"row": np.arange(1), "example": ["x"], "response": [text], "finish": ["stop"]}
    with pytest.raises(ValueError, match=r"responses\.response holds .*, not a text"):
        columns.typed("responses", table)


@given(st.integers(1, 4), st.lists(st.booleans(), min_size=1, max_size=9), st.integers(0, 3))
def test_scores_come_back_from_their_table(k: int, scored: list[bool], index: int) -> None:
    mask = np.array(scored)
    stats = np.arange(1.0, 1 + mask.size * k).reshape(mask.size, k) * mask[:, None]
    other = (4, np.ones((3, 2)), np.ones(3, dtype=np.bool_))
    table = scores_table([(index, stats, mask), other])
    found, rows = columns.scores(table, index, mask.size, k)
    np.testing.assert_array_equal(found, stats)
    np.testing.assert_array_equal(rows, mask)


@pytest.mark.parametrize(
    ("column", "position", "value"),
    [
        ("row", 0, 1),
        ("row", 3, 1),
        ("row", 5, 3),
        ("row", 0, -1),
        ("component", 0, 1),
        ("component", 5, 2),
        ("metric", 2, 1),
    ],
)
def test_scores_that_are_not_whole_are_refused(column: str, position: int, value: int) -> None:
    table = scores_table([(0, np.zeros((3, 2)), np.ones(3, dtype=np.bool_))])
    np.asarray(table[column])[position] = value
    with pytest.raises(IntegrityError, match="are not 2 for each of the scored rows among 3"):
        columns.scores(table, 0, 3, 2)
