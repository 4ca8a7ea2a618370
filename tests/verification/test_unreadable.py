"""Entries that cannot be read: a later version's are told from edits, and hide nothing that stands before them."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import duckdb
import pytest

from qlora_gov.canonical import bytes_id, canonical_json
from qlora_gov.errors import IntegrityError, NewerLedgerError
from qlora_gov.ledger.entry import GENESIS, Line
from tests.support.imported import Imported

COLUMNS = 'seq, kind, id, key, record, "at", facts, previous, hash'
Document = dict[str, Any]


def rewritten(project: Imported, change: Callable[[list[Line]], list[Line]]) -> None:
    """Change the lines of a ledger and seal them again, as whoever has the file can."""
    with duckdb.connect(str(project.ledger.location)) as connection:
        lines = [Line(*row) for row in connection.execute(f"SELECT {COLUMNS} FROM entries ORDER BY seq").fetchall()]
        connection.execute("DELETE FROM entries")
        previous = GENESIS
        for line in change(lines):
            linked = line._replace(previous=previous)
            sealed = linked._replace(hash=linked.sealed())
            connection.execute(f"INSERT INTO entries ({COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", list(sealed))
            previous = sealed.hash


def written(line: Line, document: object) -> Line:
    """A line with another record, under the id of its bytes."""
    stored = canonical_json(document)
    return line._replace(record=stored.decode(), id=bytes_id(stored))


def of_later_version(lines: list[Line]) -> list[Line]:
    """The ledger with one entry more, which a later version wrote."""
    last = lines[-1]._replace(seq=lines[-1].seq + 1, kind="about", key=None)
    return [*lines, written(last, {"kind": "about", "content": {}, "schema": 7})]


def edited(edit: Callable[[Document], object]) -> Callable[[list[Line]], list[Line]]:
    """The ledger with one entry more: its newest move of an alias again, edited. No head that was kept shows it."""

    def change(lines: list[Line]) -> list[Line]:
        move = next(line for line in reversed(lines) if line.kind == "alias")
        document = json.loads(move.record)
        document["content"] |= {"previous": move.id}
        edit(document)
        return [*lines, written(move._replace(seq=lines[-1].seq + 1), document)]

    return change


def test_what_a_later_version_wrote_is_the_only_thing_told(copy: Imported, capsys: pytest.CaptureFixture[str]) -> None:
    rewritten(copy, of_later_version)
    assert copy("verify") == 3
    said = capsys.readouterr()
    assert "upgrade qlora-gov to read its record" in said.out + said.err
    assert "not installed" not in said.out + said.err, "all plugins are there"


def test_a_forged_move_is_found_before_it(copy: Imported) -> None:
    rewritten(copy, edited(lambda document: document["content"].update(reason="promoted", adapter=None)))
    rewritten(copy, of_later_version)
    assert copy("verify") == 12


@pytest.mark.parametrize(
    "edit",
    [
        lambda document: document["content"].update(later="x"),
        lambda document: document["content"].update(reason="overruled"),
        lambda document: document.update(schema=2),
    ],
)
def test_fields_words_and_schemas_of_a_later_version_are_told_from_edits(
    copy: Imported, edit: Callable[[Document], object]
) -> None:
    rewritten(copy, edited(edit))
    with pytest.raises(NewerLedgerError, match="upgrade it"):
        copy.ledger.entries()
    assert copy("verify") == 3


@pytest.mark.parametrize(
    "edit",
    [
        lambda document: document.update(schema=0),
        lambda document: document.update(schema="2"),
        lambda document: document.update(later=1),
        lambda document: document.update(content=[]),
        lambda document: document["content"].update(adapter=3, later="x"),
        lambda document: document["content"].pop("adapter"),
    ],
)
def test_what_no_version_writes_is_no_record(copy: Imported, edit: Callable[[Document], object]) -> None:
    rewritten(copy, edited(edit))
    with pytest.raises(IntegrityError, match="holds no readable record"):
        copy.ledger.entries()
    assert copy("verify") == 12


@pytest.mark.parametrize("record", ["[]", '"x"', "null", "3", '{"content":{},"kind":"alias","schema":1e999}'])
def test_a_record_that_is_no_mapping_is_tampering(copy: Imported, record: str) -> None:
    with duckdb.connect(str(copy.ledger.location)) as connection:
        connection.execute("UPDATE entries SET record = ? WHERE seq = (SELECT max(seq) FROM entries)", [record])
    assert copy("verify") == 12
