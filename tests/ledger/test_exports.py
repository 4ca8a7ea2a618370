from __future__ import annotations

from pathlib import Path

import duckdb
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from qlora_gov.canonical import columns_id
from qlora_gov.errors import DataError
from qlora_gov.ledger import Ledger, read_parquet
from qlora_gov.ledger.datasets import DatasetParquet
from qlora_gov.ledger.exports import export_tables, exported_rows_id, exported_table_id, restore_rows
from qlora_gov.ledger.parquet import write_parquet
from qlora_gov.records import DatasetVersion
from qlora_gov.records.example import Example, Message
from qlora_gov.records.table import examples_of, examples_table, origins_table, without_origins

TEXTS = st.text(st.characters(exclude_categories=["Cs"]))


def frozen(ledger: Ledger, rows: list[Example]) -> DatasetVersion:
    """An evaluation set of these rows."""
    table = examples_table(rows)
    version = DatasetVersion(
        role="evaluation",
        sources=(),
        steps=(),
        rows=len(rows),
        groups=len(rows),
        mix={},
        pairs=sum(row.rejected is not None for row in rows),
        digest=columns_id(without_origins(table)),
        origins=columns_id(origins_table(table)),
    )
    ledger.append(version, rows={"examples": table})
    return version


@settings(max_examples=3, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(TEXTS, TEXTS, st.none() | TEXTS), min_size=1, max_size=40))
def test_any_text_keeps_its_digest_and_comes_back(tmp_path: Path, texts: list[tuple[str, str, str | None]]) -> None:
    rows = [
        Example(
            messages=(Message(role="user", content=asked), Message(role="assistant", content=answer)),
            group=str(at),
            intent=intent,
            extra={"more": [answer, 1.5, None]},
            rejected=intent or None,
            source=f"file:{at}",
        )
        for at, (asked, answer, intent) in enumerate(texts)
    ]
    ledger = Ledger(tmp_path / "ledger.duckdb")
    version = frozen(ledger, rows)
    export_tables(ledger, ledger.get(version.id), Path(), tmp_path / "out")
    assert exported_rows_id(tmp_path / "out" / "rows.parquet") == version.digest
    assert exported_table_id(tmp_path / "out" / "origins.parquet", "origins") == version.origins
    restore_rows(tmp_path / "out" / "rows.parquet", tmp_path / "back" / "rows.parquet", "{}")
    table = read_parquet(tmp_path / "back" / "rows.parquet")
    assert columns_id(table) == version.digest
    assert examples_of({**table, "source": [row.source for row in rows]}) == rows
    assert (tmp_path / "back" / "manifest.json").read_text() == "{}\n"


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(TEXTS, st.none() | TEXTS.filter(bool)), min_size=1, max_size=5))
def test_pairs_are_told_from_texts_that_spell_the_like(tmp_path: Path, texts: list[tuple[str, str | None]]) -> None:
    spelled = ['","rejected":"', '\\","rejected":"', "rejected"]
    rows = [
        Example(messages=(Message(role="assistant", content=said),), rejected=rejected, group="g", source="f:1")
        for said, rejected in [*texts, *((one, None) for one in spelled), *(("a", one) for one in spelled)]
    ]
    write_parquet(tmp_path / "rows.parquet", examples_table(rows))
    assert DatasetParquet().pairs(tmp_path / "rows.parquet") == sum(row.rejected is not None for row in rows)


EVERY = "".join(map(chr, range(0x300))) + "\\u000b \\\\u000B \\u00 \u2028\ufeff\U0001d11e"


def test_every_character_keeps_the_digest(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path / "ledger.duckdb")
    texts = [EVERY, *EVERY]
    rows = [
        Example(messages=(Message(role="assistant", content=text),), group=str(at), source=f"file:{at}")
        for at, text in enumerate(texts)
    ]
    version = frozen(ledger, rows)
    export_tables(ledger, ledger.get(version.id), Path(), tmp_path)
    assert exported_rows_id(tmp_path / "rows.parquet") == version.digest
    found = duckdb.sql(f"SELECT messages[1].content FROM '{tmp_path}/rows.parquet'").fetchall()
    assert [text for (text,) in found] == texts


def test_others_read_turns_as_turns(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path / "ledger.duckdb")
    turns = (Message(role="system", content="Be kind."), Message(role="assistant", content="Hi."))
    version = frozen(ledger, [Example(messages=turns, group="g", source="file:1")])
    export_tables(ledger, ledger.get(version.id), Path(), tmp_path)
    (found,) = duckdb.sql(f"SELECT messages FROM '{tmp_path}/rows.parquet'").fetchall()
    assert found == ([{"role": "system", "content": "Be kind."}, {"role": "assistant", "content": "Hi."}],)


def test_what_are_no_exported_rows_is_told(tmp_path: Path) -> None:
    write_parquet(tmp_path / "rows.parquet", {"messages": ["[]"]})
    with pytest.raises(DataError, match=r"rows\.parquet cannot be used"):
        exported_rows_id(tmp_path / "rows.parquet")
