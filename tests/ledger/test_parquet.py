from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from qlora_gov.canonical import Column, columns_id
from qlora_gov.errors import DataError, StorageError
from qlora_gov.ledger.parquet import read_parquet, write_parquet
from qlora_gov.records.example import Example, Message
from qlora_gov.records.table import examples_of, examples_table
from tests.ledger.samples import examples

TEXTS = st.text(st.characters(exclude_categories=["Cs"]))


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(TEXTS, st.none() | TEXTS), max_size=5))
def test_examples_keep_their_digest(tmp_path: Path, texts: list[tuple[str, str | None]]) -> None:
    rows = [
        Example(messages=(Message(role="assistant", content=text),), group=text, intent=intent, source=text)
        for text, intent in texts
    ]
    table = examples_table(rows)
    write_parquet(tmp_path / "rows.parquet", table)
    found = read_parquet(tmp_path / "rows.parquet")
    assert list(found) == list(table)
    assert columns_id(found) == columns_id(table)
    assert examples_of(found) == rows
    assert [path.name for path in tmp_path.iterdir()] == ["rows.parquet"]


def test_columns_of_all_kinds_come_back(tmp_path: Path) -> None:
    table: dict[str, Column] = {
        "text": ["", "a\nb\r\x01\u2028", None],
        "none": [None, None, None],
        "words": np.array(["one", "two", "three"]),
        "int": np.array([1, -(2**63), 2**63 - 1]),
        "float": np.array([-0.0, 5e-324, 1e308]),
        "bool": np.array([True, False, True]),
    }
    write_parquet(tmp_path / "it's [a] new/one*?.parquet", table)
    (tmp_path / "it's [a] new/one two.parquet").write_bytes(b"matched by the name above, taken for a pattern")
    found = read_parquet(tmp_path / "it's [a] new/one*?.parquet")
    assert found["text"] == table["text"]
    assert columns_id(found) == columns_id(table)


def test_a_file_that_is_not_there_or_not_parquet_is_named(tmp_path: Path) -> None:
    path = tmp_path / "rows.parquet"
    with pytest.raises(DataError, match=f"no such file: {path}"):
        read_parquet(path)
    path.write_bytes(b"PAR1 and nothing else")
    with pytest.raises(DataError, match=f"{path} cannot be used: ") as caught:
        read_parquet(path)
    assert "\n" not in str(caught.value)


def test_writing_replaces_the_file_or_leaves_it(tmp_path: Path) -> None:
    path = tmp_path / "rows.parquet"
    write_parquet(path, examples_table(examples(3, "old")))
    write_parquet(path, examples_table(examples(4, "new")))
    assert examples_of(read_parquet(path)) == examples(4, "new")
    with pytest.raises(StorageError, match=r"cannot be written: File exists: .*rows\.parquet"):
        write_parquet(path / "below.parquet", examples_table([]))
