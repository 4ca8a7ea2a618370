"""Every single edit of a ledger or of what lies beside it is found and named, and no clean ledger is suspected."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pytest

from qlora_gov.canonical import canonical_json, content_id
from qlora_gov.ledger.entry import GENESIS, Line
from qlora_gov.records.table import TABLES, scores_id, scores_of
from qlora_gov.reports.card.context.card import CardContext
from qlora_gov.reports.card.files import CardFiles, card_files
from qlora_gov.verification import KeptCard, verify_workspace
from tests.support.imported import Imported
from tests.support.released import make_released, steps_of

Rng = np.random.Generator


@pytest.fixture(scope="module", autouse=True)
def rendered_once() -> Iterator[None]:
    """Cards of equal contexts are rendered once: most edits leave them as they were, and rendering takes longest."""
    rendered: dict[str, CardFiles] = {}

    def once(context: CardContext, templates: Path | None) -> CardFiles:
        key = context.model_dump_json()
        return rendered.get(key) or rendered.setdefault(key, card_files(context, templates))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("qlora_gov.verification.cards.card_files", once)
        yield


class Copy:
    """A copy of a ledger with all that lies beside it, to be edited and brought back; its cards are kept elsewhere."""

    def __init__(self, original: Imported, root: Path) -> None:
        shutil.copytree(original.root, root)
        self.state, self.pristine, self.kept = root / ".qlora_gov", root / "pristine", root / "kept"
        shutil.copytree(self.state, self.pristine)
        shutil.copytree(self.state / "cards", self.kept)
        self.space = Imported(root).pipeline.space
        self.file = self.state / "ledger.duckdb"
        self.head = max(head.seq for card in self.cards() for head in card.heads)
        self.last = self.space.ledger.entries()[-1].seq

    def cards(self) -> list[KeptCard]:
        return [KeptCard.read(path) for path in sorted(self.kept.glob("*/card.*"))]

    def restore(self) -> None:
        shutil.copytree(self.pristine, self.state, dirs_exist_ok=True)
        shutil.copytree(self.pristine / "cards", self.kept, dirs_exist_ok=True)

    def problems(self) -> list[str]:
        with self.space.ledger.reading():  # one opening for all
            return [str(problem) for problem in verify_workspace(self.space, kept=self.cards())]

    @contextmanager
    def editing(self) -> Iterator[None]:
        with duckdb.connect(str(self.file)) as self.connection:
            yield

    def query(self, sql: str, *values: Any) -> list[Any]:
        return self.connection.execute(sql, list(values)).fetchall()

    def lines(self) -> list[Line]:
        fields = ", ".join(f'"{name}"' for name in Line._fields)
        return [Line(*row) for row in self.query(f"SELECT {fields} FROM entries ORDER BY seq")]

    def write(self, lines: list[Line]) -> None:
        self.query("DELETE FROM entries")
        marks = f"({', '.join('?' for _ in Line._fields)})"
        values = [value for line in lines for value in line]
        self.query(f"INSERT INTO entries VALUES {', '.join([marks] * len(lines))}", *values)


# --- edits: each returns what a message must name -----------------------------------------------------------------


def a_row(copy: Copy, rng: Rng, table: str) -> tuple[int, int]:
    """A random row's address and its entry."""
    count = copy.query(f"SELECT count(*) FROM {table}")[0][0]
    return copy.query(f"SELECT rowid, entry FROM {table} ORDER BY rowid LIMIT 1 OFFSET {rng.integers(count)}")[0]


def a_cell(copy: Copy, rng: Rng) -> str:
    """A score, an answer, a row's text or label, a recorded score, a finding."""
    table = str(rng.choice([name for name in TABLES if copy.query(f"SELECT 1 FROM {name} LIMIT 1")]))
    row, entry = a_row(copy, rng, table)
    column = str(rng.choice(list(TABLES[table])))
    kind = TABLES[table][column]
    change = f"coalesce(\"{column}\", '') || '.'" if kind.startswith("TEXT") else f'"{column}" + {rng.integers(1, 9)}'
    if kind == "DOUBLE" and rng.random() < 0.5:
        change = f'"{column}" + 1e-9'
    copy.query(f'UPDATE {table} SET "{column}" = {change} WHERE rowid = {row}')
    return f"entry {entry} "


def a_row_gone(copy: Copy, rng: Rng) -> str:
    table = str(rng.choice(["scores", "responses", "examples", "findings", "recorded"]))
    row, entry = a_row(copy, rng, table)
    copy.query(f"DELETE FROM {table} WHERE rowid = {row}")
    return f"entry {entry} "


def a_row_twice(copy: Copy, rng: Rng) -> str:
    table = str(rng.choice(["scores", "responses", "examples", "findings", "recorded"]))
    row, entry = a_row(copy, rng, table)
    copy.query(f"INSERT INTO {table} SELECT * FROM {table} WHERE rowid = {row}")
    return f"entry {entry} "


def a_row_elsewhere(copy: Copy, rng: Rng) -> str:
    """A row that another entry is given."""
    table = str(rng.choice(["scores", "responses", "examples", "findings"]))
    row, entry = a_row(copy, rng, table)
    copy.query(f"UPDATE {table} SET entry = {entry + 1} WHERE rowid = {row}")
    return f"entry {entry} "


def leaves(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The paths of all values in a JSON document."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else None
    if inner is None:
        yield path
    for name, one in inner or ():
        yield from leaves(one, (*path, name))


def changed(rng: Rng, text: str, kinds: tuple[str, ...] = ("kind",)) -> str:
    """A JSON document with one value changed."""
    document = json.loads(text)
    paths = [path for path in leaves(document) if path[0] not in kinds]
    *way, name = paths[rng.integers(len(paths))]
    holder = document
    for step in way:
        holder = holder[step]
    match holder[name]:
        case bool() as value:
            holder[name] = not value
        case int() | float() as value:
            holder[name] = value + 1
        case "PASS" | "INCONCLUSIVE":
            holder[name] = "FAIL"
        case "FAIL":
            holder[name] = "PASS"
        case None:
            holder[name] = "x"
        case str() as value:
            holder[name] = value[:-1] + ("0" if value[-1:] != "0" else "1")
    return canonical_json(document).decode()


def an_entry(copy: Copy, rng: Rng, kind: str | None = None) -> Line:
    lines = [line for line in copy.lines() if kind in (None, line.kind)]
    return lines[rng.integers(len(lines))]


def a_record(copy: Copy, rng: Rng, kind: str | None = None) -> str:
    """A value anywhere within a record."""
    line = an_entry(copy, rng, kind)
    copy.query("UPDATE entries SET record = ? WHERE seq = ?", changed(rng, line.record), line.seq)
    return f"entry {line.seq} "


def a_verdict(copy: Copy, rng: Rng) -> str:
    return a_record(copy, rng, "decision")


def an_alias_move(copy: Copy, rng: Rng) -> str:
    return a_record(copy, rng, "alias")


def a_waiver(copy: Copy, rng: Rng) -> str:
    return a_record(copy, rng, "waiver")


def a_fact(copy: Copy, rng: Rng) -> str:
    line = an_entry(copy, rng)
    facts = json.loads(line.facts) | {"host": "elsewhere"}
    copy.query("UPDATE entries SET facts = ? WHERE seq = ?", canonical_json(facts).decode(), line.seq)
    return f"entry {line.seq} "


def a_key_or_time(copy: Copy, rng: Rng) -> str:
    line, column = an_entry(copy, rng), str(rng.choice(["key", '"at"', "id", "hash", "kind"]))
    copy.query(f"UPDATE entries SET {column} = coalesce({column}, '') || '0' WHERE seq = ?", line.seq)
    return f"entry {line.seq} "


def a_deleted_entry(copy: Copy, rng: Rng) -> str:
    seq = rng.integers(1, copy.last)
    copy.query(f"DELETE FROM entries WHERE seq = {seq}")
    return f"entry {seq}: deleted"


def the_last_entry(copy: Copy, rng: Rng) -> str:
    copy.query(f"DELETE FROM entries WHERE seq = {copy.last}")
    return "card.md: a card whose entry is gone"


def the_last_entries(copy: Copy, rng: Rng) -> str:
    """Back to before the last kept head: what is left is a whole chain."""
    first = rng.integers(2, copy.head + 1)
    for table in TABLES:
        copy.query(f"DELETE FROM {table} WHERE entry >= {first}")
    copy.query(f"DELETE FROM entries WHERE seq >= {first}")
    return f"entry {copy.head}: deleted or changed"


def swapped_entries(copy: Copy, rng: Rng) -> str:
    lines = copy.lines()
    one, other = sorted(rng.choice(len(lines), 2, replace=False).tolist())
    lines[one], lines[other] = lines[other]._replace(seq=lines[one].seq), lines[one]._replace(seq=lines[other].seq)
    copy.write(lines)
    return f"entry {lines[one].seq} "


def a_byte(path: Path, rng: Rng) -> None:
    data = bytearray(path.read_bytes())
    data[rng.integers(len(data))] ^= 1 << rng.integers(8)
    path.write_bytes(bytes(data))


def an_adapter_byte(copy: Copy, rng: Rng) -> str:
    path = list(copy.state.glob("adapters/*/*"))[rng.integers(6)]
    a_byte(path, rng)
    return path.name


def a_card_byte(copy: Copy, rng: Rng) -> str:
    """A byte of a card, Markdown or HTML, where the project keeps it."""
    paths = sorted(copy.state.glob("cards/*/card.*"))
    path = paths[rng.integers(len(paths))]
    a_byte(path, rng)
    return path.name


def a_kept_digit(copy: Copy, rng: Rng) -> str:
    """A digit of a card that somebody kept: it may be in a value, an id, or the head itself."""
    paths = sorted(copy.kept.glob("*/card.*"))
    path = paths[rng.integers(len(paths))]
    text = path.read_text()
    digits = [at for at, character in enumerate(text) if character in "0123456789"]
    at = digits[rng.integers(len(digits))]
    path.write_text(text[:at] + str((int(text[at]) + int(rng.integers(1, 10))) % 10) + text[at + 1 :])
    return f"{path}: "


def resealed(copy: Copy, lines: list[Line], first: int) -> str:
    """What an attacker does who knows the format: every id and hash from ``first`` on is computed anew."""
    renamed: dict[str, str] = {}
    previous = lines[first - 1].hash if first else GENESIS
    for at in range(first, len(lines)):
        record = lines[at].record
        for old, new in renamed.items():
            record = record.replace(old, new)
        id_ = content_id(json.loads(record))
        renamed[lines[at].id] = id_
        line = lines[at]._replace(record=record, id=id_, previous=previous)
        lines[at] = line._replace(hash=line.sealed())
        previous = lines[at].hash
    copy.write(lines)
    return f"entry {copy.head}: deleted or changed"


def a_resealed_record(copy: Copy, rng: Rng) -> str:
    lines, at = copy.lines(), int(rng.integers(copy.head))
    lines[at] = lines[at]._replace(record=changed(rng, lines[at].record))
    return resealed(copy, lines, at)


def a_resealed_score(copy: Copy, rng: Rng) -> str:
    """A candidate that did better: score, digest and value agree with each other."""
    line = an_entry(copy, rng, "evaluation")
    while line.seq > copy.head:
        line = an_entry(copy, rng, "evaluation")
    row = rng.integers(40)
    cell = f'entry = {line.seq} AND metric = 0 AND component = 0 AND "row" = {row}'
    copy.query(f"UPDATE scores SET value = 1 - value WHERE {cell}")
    columns = ("metric", "component", "row", "value")
    cells = copy.query(
        f"SELECT {', '.join(f'{chr(34)}{c}{chr(34)}' for c in columns)} FROM scores WHERE entry = {line.seq}"
    )
    table = {name: np.array(values) for name, values in zip(columns, zip(*cells, strict=True), strict=True)}
    stats, scored = scores_of(table, 0, 40, 2)
    document = json.loads(line.record)
    document["content"]["measurements"][0] |= {
        "digest": scores_id(stats, scored),
        "value": float(stats[:, 0].sum() / stats[:, 1].sum()),
    }
    lines = copy.lines()
    lines[line.seq - 1] = line._replace(record=canonical_json(document).decode())
    return resealed(copy, lines, line.seq - 1)


def a_resealed_deletion(copy: Copy, rng: Rng) -> str:
    lines, at = copy.lines(), int(rng.integers(copy.head - 1))
    del lines[at]
    return resealed(copy, [line._replace(seq=n) for n, line in enumerate(lines, start=1)], at)


EDITS: dict[Callable[[Copy, Rng], str], int] = {
    a_cell: 100,
    a_row_gone: 15,
    a_row_twice: 15,
    a_row_elsewhere: 15,
    a_record: 60,
    a_verdict: 30,
    an_alias_move: 30,
    a_waiver: 10,
    a_fact: 20,
    a_key_or_time: 30,
    a_deleted_entry: 20,
    the_last_entry: 2,
    the_last_entries: 20,
    swapped_entries: 20,
    an_adapter_byte: 20,
    a_card_byte: 30,
    a_kept_digit: 30,
    a_resealed_record: 30,
    a_resealed_score: 20,
    a_resealed_deletion: 10,
}
assert sum(EDITS.values()) >= 500


@pytest.fixture(scope="module")
def released(tmp_path_factory: pytest.TempPathFactory) -> Copy:
    root = tmp_path_factory.mktemp("released")
    return Copy(make_released(root / "project"), root / "copy")


def test_the_ledger_is_clean_before_it_is_edited(released: Copy) -> None:
    assert released.problems() == []
    assert len(released.cards()) >= 4
    kinds = {entry.kind for entry in released.space.ledger.entries()}
    assert kinds >= {"waiver", "alias", "card", "decision"}


@pytest.mark.parametrize("edit", EDITS, ids=lambda edit: edit.__name__)
def test_every_edit_is_found_and_named(released: Copy, edit: Callable[[Copy, Rng], str]) -> None:
    for number in range(EDITS[edit]):
        rng = np.random.default_rng([len(edit.__name__), number])
        try:
            with released.editing():
                named = edit(released, rng)
            problems = released.problems()
            assert problems, f"{edit.__name__} {number} was not found"
            assert any(named in problem for problem in problems), (number, named, problems)
        finally:
            released.restore()


@pytest.mark.parametrize("seed", range(5))
def test_no_clean_ledger_is_suspected(tmp_path: Path, seed: int) -> None:
    """Ten states of each of five ledgers, verified against the cards that each then has."""
    project = Imported(tmp_path / "project")
    states = 0
    for state in steps_of(project, seed):
        cards = [KeptCard.read(path) for path in project.root.glob(".qlora_gov/cards/*/card.*")]
        assert verify_workspace(project.pipeline.space, kept=cards, intervals=state == "the end") == []
        states += 1
    assert states == 10
