"""Every single change to a ledger or to the files beside it is found, named, and told from an upgrade."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pytest

from qlora_gov.canonical import bytes_id, columns_id
from qlora_gov.errors import IntegrityError, NewerLedgerError
from qlora_gov.ledger import Ledger, Problem, ProblemKind, verify_ledger, verify_lineage
from qlora_gov.ledger.entry import Line
from qlora_gov.ledger.rows import Aggregates, table_problems
from qlora_gov.records import Card, Head, Responses
from qlora_gov.records.table import TABLES
from tests.ledger.samples import AGGREGATES, SOURCE, Release, aggregate, append_release, evaluation_of, ratio

OWNERS = {
    "examples": "evaluation set",
    "origins": "training set",
    "changes": "training set",
    "responses": "champion responses",
    "likelihoods": "candidate responses",
    "recorded": "imported responses",
    "scores": "champion",
    "findings": "candidate",
}
CHANGES = {
    "BIGINT": '"{0}" + 1',
    "DOUBLE": '"{0}" + 1e-9',
    "DOUBLE?": 'coalesce("{0}", 0) + 1e-9',
    "TEXT": "\"{0}\" || ' '",
    "TEXT?": "coalesce(\"{0}\", '') || 'x'",
}
CELLS = [(table, column) for table, kinds in TABLES.items() for column in kinds]


def check(release: Release, heads: tuple[Head, ...] = (), aggregates: Aggregates = AGGREGATES) -> list[Problem]:
    return verify_ledger(release.ledger, aggregates=aggregates, artefacts=release.artefacts, heads=heads)


def edit(release: Release, *statements: str) -> None:
    with duckdb.connect(str(release.ledger.location)) as connection:
        for statement in statements:
            assert connection.execute(statement).fetchall() != [(0,)], f"changed nothing: {statement}"


def head_of(release: Release) -> Head:
    head = release.ledger.head()
    assert head is not None
    return head


def test_a_sound_ledger_has_no_problem(release: Release) -> None:
    assert check(release, (head_of(release),)) == []
    before = head_of(release)
    append_release(release.ledger, release.artefacts, "second")
    assert check(release, (before, head_of(release))) == []


def test_a_ledger_that_does_not_exist_is_sound_unless_a_head_was_kept(ledger: Ledger, tmp_path: Path) -> None:
    assert verify_ledger(ledger, aggregates={}, artefacts=tmp_path) == []
    lost = verify_ledger(ledger, aggregates={}, artefacts=tmp_path, heads=[Head(seq=3, hash="sha256:x")])
    assert [(problem.kind, problem.where) for problem in lost] == [(ProblemKind.TAMPERED, "entry 3")]


@pytest.mark.parametrize("table", TABLES)
def test_what_a_record_was_made_from_can_be_verified_alone(release: Release, table: str) -> None:
    decision = release.entries["decision"].id
    assert verify_lineage(release.ledger, decision) == []
    entry = release.entries[OWNERS[table]]
    edit(release, f'UPDATE {table} SET "row" = "row" + 1 WHERE entry = {entry.seq} AND "row" = 4')
    problems = verify_lineage(release.ledger, decision)
    behind = entry in release.ledger.lineage(decision)
    assert behind == (table != "recorded"), "imported responses were not decided on"
    assert bool(problems) == behind
    assert all(problem.where.startswith(f"entry {entry.seq} (") for problem in problems)


def test_the_whole_chain_is_verified_with_a_lineage(release: Release) -> None:
    edit(release, f"UPDATE entries SET facts = '{{}} ' WHERE seq = {release.entries['alias'].seq}")
    (problem,) = verify_lineage(release.ledger, release.entries["base"].id)
    assert problem.what == "its hash is not that of its fields"


@pytest.mark.parametrize(("table", "column"), CELLS)
def test_a_changed_cell_is_found(release: Release, table: str, column: str) -> None:
    entry = release.entries[OWNERS[table]]
    change = CHANGES[TABLES[table][column]].format(column)
    edit(release, f'UPDATE {table} SET "{column}" = {change} WHERE entry = {entry.seq} AND "row" = 4')
    problems = check(release)
    assert problems
    for problem in problems:
        assert problem.kind is ProblemKind.TAMPERED
        assert problem.where.startswith(f"entry {entry.seq} ({entry.kind} {entry.id[:15]}), {table}")


@pytest.mark.parametrize("table", TABLES)
@pytest.mark.parametrize(
    "statement",
    [
        'DELETE FROM {0} WHERE entry = {1} AND "row" = 4',
        'INSERT INTO {0} SELECT * FROM {0} WHERE entry = {1} AND "row" = 4',
        "UPDATE {0} SET entry = 2 WHERE entry = {1}",
        "DELETE FROM {0} WHERE entry = {1}",
    ],
)
def test_rows_that_are_lost_doubled_or_moved_are_found(release: Release, table: str, statement: str) -> None:
    entry = release.entries[OWNERS[table]]
    edit(release, statement.format(table, entry.seq))
    problems = check(release)
    assert any(problem.where.startswith(f"entry {entry.seq} (") for problem in problems)
    moved = "SET entry = 2" in statement
    assert moved == any(problem.where == f"table {table}" and "name entry 2" in problem.what for problem in problems)


@pytest.mark.parametrize("table", TABLES)
def test_rows_of_no_entry_are_found(release: Release, table: str) -> None:
    columns = ", ".join(f'"{column}"' for column in TABLES[table])
    edit(release, f'INSERT INTO {table} SELECT 99, {columns} FROM {table} WHERE "row" = 4 LIMIT 1')
    (problem,) = check(release)
    assert problem == Problem(
        ProblemKind.TAMPERED, f"table {table}", "1 rows name entry 99, which has none in this table"
    )


def test_scores_of_no_measurement_are_found(release: Release) -> None:
    seq = release.entries["champion"].seq
    edit(
        release, f"INSERT INTO scores VALUES ({seq}, 1, 0, 0, 0.5)", f"INSERT INTO scores VALUES ({seq}, 7, 0, 0, 0.5)"
    )
    (problem,) = check(release)
    assert problem.what == "2 rows belong to no measurement of the record"


@pytest.mark.parametrize("column", Line._fields)
@pytest.mark.parametrize("name", ["policy", "adapter", "decision", "card"])
def test_a_changed_entry_is_found(release: Release, column: str, name: str) -> None:
    entry = release.entries[name]
    change = "seq + 100" if column == "seq" else f"coalesce(\"{column}\", '') || 'x'"
    edit(release, f'UPDATE entries SET "{column}" = {change} WHERE seq = {entry.seq}')
    problems = check(release)
    number = entry.seq + 100 if column == "seq" else entry.seq
    assert any(problem.where.startswith(f"entry {number} (") for problem in problems)
    assert any(problem.kind is ProblemKind.TAMPERED for problem in problems)


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [
        ("decision", '"outcome":"INCONCLUSIVE"', '"outcome":"PASS"'),
        ("alias", '"alias":"champion"', '"alias":"fallback"'),
        ("candidate", '"scored":11', '"scored":12'),
    ],
)
def test_a_changed_record_is_found_even_if_its_entry_is_sealed_again(
    release: Release, name: str, old: str, new: str
) -> None:
    entry = release.entries[name]
    edit(release, f"UPDATE entries SET record = replace(record, '{old}', '{new}') WHERE seq = {entry.seq}")
    what = {problem.what for problem in check(release) if problem.where.startswith(f"entry {entry.seq} (")}
    assert {"its hash is not that of its fields", "its id is not that of its record"} <= what
    reseal(release, entry.seq)
    places = [problem.where for problem in check(release)]
    assert any(place.startswith(f"entry {entry.seq + 1} (") for place in places), "the next entry names the old hash"


def test_a_record_of_a_later_version_is_told_from_one_that_was_changed(
    release: Release, monkeypatch: pytest.MonkeyPatch
) -> None:
    card = release.entries["card"].record
    with monkeypatch.context() as later:
        later.setattr(Card, "upgrades", (*Card.upgrades, dict))
        written = release.ledger.append(card.model_copy(update={"head": head_of(release).hash}))
    release.ledger.append(card.model_copy(update={"decision": written.id}))
    with pytest.raises(NewerLedgerError, match=rf"^entry {written.seq} \(card .*\) was written by a newer version"):
        release.ledger.get(written.id)
    (problem,) = [one for one in check(release) if "cards/" not in one.what]
    assert (problem.kind, problem.where) == (ProblemKind.NEWER, f"entry {written.seq} (card {written.id[:15]})")
    changed = """replace(record, '"schema":2', '"schema":3')"""
    edit(release, f"UPDATE entries SET record = {changed} WHERE seq = {written.seq}")
    assert ProblemKind.TAMPERED in {one.kind for one in check(release)}
    with pytest.raises(IntegrityError, match="holds no readable record"):
        release.ledger.get(written.id)


def reseal(release: Release, seq: int) -> None:
    with duckdb.connect(str(release.ledger.location)) as connection:
        row = connection.execute("SELECT * FROM entries WHERE seq = ?", [seq]).fetchall()[0]
        connection.execute("UPDATE entries SET hash = ? WHERE seq = ?", [Line(*row).sealed(), seq])


def test_deleted_entries_are_found(release: Release) -> None:
    for name in ("policy", "champion", "decision"):
        edit(release, f"DELETE FROM entries WHERE seq = {release.entries[name].seq}")
    missing = [problem.where for problem in check(release) if problem.what == "deleted, or moved elsewhere"]
    assert missing == [f"entry {release.entries[name].seq}" for name in ("policy", "champion", "decision")]


def test_a_deleted_last_entry_is_found_only_by_who_kept_the_head(release: Release) -> None:
    head = head_of(release)
    edit(release, f"DELETE FROM entries WHERE seq = {head.seq}")
    assert check(release) == []
    (problem,) = check(release, (head,))
    assert problem.kind is ProblemKind.TAMPERED
    assert problem.where == f"entry {head.seq}"
    assert problem.what == f"deleted or changed: the head kept of it is {head.hash}"


def test_entries_that_change_places_are_found(release: Release) -> None:
    edit(
        release,
        "UPDATE entries SET seq = 1002 WHERE seq = 2",
        "UPDATE entries SET seq = 2 WHERE seq = 3",
        "UPDATE entries SET seq = 3 WHERE seq = 1002",
    )
    places = {problem.where.split(" (")[0] for problem in check(release)}
    assert {"entry 2", "entry 3"} <= places


def test_a_chain_that_was_rewritten_does_not_hold_the_head_on_its_card(release: Release) -> None:
    card = release.entries["card"].record
    assert isinstance(card, Card)
    other = card.model_copy(update={"head": bytes_id(b"another chain")})
    release.ledger.append(other)
    (path,) = release.artefacts.glob("cards/*")
    shutil.copytree(path, path.with_name(other.id[7:23]))
    (problem,) = check(release)
    assert problem.where.startswith(f"entry {head_of(release).seq} (card")
    assert "which no entry before it has" in problem.what


def test_a_value_that_its_rows_do_not_give_is_found(release: Release) -> None:
    record, rows = evaluation_of(release.entries["champion responses"].id, seed=1)
    for index, factor in ((0, 1 + 1e-10), (2, 1 + 1e-8)):
        value = record.measurements[index].value * factor
        measurements = list(record.measurements)
        measurements[index] = measurements[index].model_copy(update={"value": value})
        record = record.model_copy(update={"measurements": tuple(measurements)})
    release.ledger.append(record, rows=rows)
    (problem,) = check(release)
    assert problem.kind is ProblemKind.TAMPERED
    assert problem.where.endswith("scores of nll"), "the other is within 1e-9"
    assert problem.what.startswith("the record states 0.")


def raising(sums: np.ndarray) -> np.ndarray:
    raise OverflowError("too much")


@pytest.mark.parametrize(
    ("aggregates", "kind", "what"),
    [
        ({}, ProblemKind.PLUGIN_MISSING, "m/mean 1.0 is not installed"),
        (
            {"m/mean": aggregate(ratio, "new")},
            ProblemKind.SOURCE_CHANGED,
            "m/mean 1.0 measured this; the value still re-derives",
        ),
        (
            {"m/mean": aggregate(lambda sums: 2 * ratio(sums), "new")},
            ProblemKind.SOURCE_CHANGED,
            "the value no longer re-derives",
        ),
        ({"m/mean": aggregate(lambda sums: 2 * ratio(sums), SOURCE)}, ProblemKind.TAMPERED, "the rows give"),
        ({"m/mean": aggregate(raising, SOURCE)}, ProblemKind.PLUGIN_FAILED, "m/mean raised OverflowError: too much"),
    ],
)
def test_another_plugin_is_not_called_tampering(
    release: Release, aggregates: Aggregates, kind: ProblemKind, what: str
) -> None:
    problems = check(release, aggregates={"m/nll": AGGREGATES["m/nll"], **aggregates})
    assert [problem.kind for problem in problems] == [kind, kind], "one for each evaluation"
    assert all(what in problem.what and problem.where.endswith("scores of mean") for problem in problems)


FILES = {
    "adapter": "adapters/*/adapter_model.safetensors",
    "training set": "datasets/*/rows.parquet",
    "card": "cards/*/card.md",
}


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("change", [Path.unlink, lambda path: flip(path, 5), lambda path: flip(path, -1)])
def test_a_changed_file_is_found(release: Release, name: str, change: Callable[[Path], Any]) -> None:
    (path,) = release.artefacts.glob(FILES[name])
    change(path)
    (problem,) = check(release)
    assert problem.kind is (ProblemKind.TAMPERED if path.exists() else ProblemKind.MISSING)
    assert problem.where.startswith(f"entry {release.entries[name].seq} (")
    assert str(path) in problem.what


def flip(path: Path, position: int) -> None:
    data = bytearray(path.read_bytes())
    data[position] ^= 1
    path.write_bytes(data)


def test_an_adapter_whose_digest_is_not_of_its_files_is_found(release: Release) -> None:
    adapter = release.entries["adapter"].record
    files = {**adapter.files, "more.json": bytes_id(b"{}")}  # type: ignore[attr-defined]
    (release.artefacts / "adapters" / adapter.digest[7:23] / "more.json").write_bytes(b"{}")  # type: ignore[attr-defined]
    release.ledger.append(adapter.model_copy(update={"files": files}))
    (problem,) = check(release)
    assert problem.what == "its digest is not that of its files"


def test_a_card_rendered_again_lies_beside_the_one_before(release: Release) -> None:
    card = release.entries["card"].record
    text = b"# rendered by other templates"
    again = card.model_copy(update={"templates": {"card.md": "new"}, "files": {"card.md": bytes_id(text)}})
    release.ledger.append(again)
    path = release.artefacts / "cards" / again.id[7:23] / "card.md"
    path.parent.mkdir()
    path.write_bytes(text)
    assert check(release) == []


def test_a_file_of_evaluation_rows_is_checked_where_there_is_one(release: Release) -> None:
    dataset = release.entries["evaluation set"].record
    path = release.artefacts / "datasets" / dataset.digest[7:23] / "rows.parquet"  # type: ignore[attr-defined]
    path.parent.mkdir()
    path.write_bytes(b"not these rows")
    (problem,) = check(release)
    assert problem.kind is ProblemKind.TAMPERED
    assert str(path) in problem.what


def test_problems_read_well(release: Release) -> None:
    edit(release, f"UPDATE responses SET response = '' WHERE entry = {release.entries['champion responses'].seq}")
    (problem,) = check(release)
    place = release.entries["champion responses"]
    assert str(problem) == (
        f"entry {place.seq} (responses {place.id[:15]}), responses: "
        "the rows do not have the digest that the record states [tampered]"
    )


@pytest.mark.parametrize(
    ("stated", "problems"),
    [
        ({"cut": None}, []),
        ({"cut": 1}, []),
        ({"cut": 0}, ["1 answers are cut short, the record states 0"]),
        ({"empty": None}, []),
        ({"empty": 1}, []),
        ({"empty": 0}, ["1 answers are empty, the record states 0"]),
    ],
)
def test_answers_that_were_cut_short_or_are_empty_are_as_many_as_the_record_states(
    stated: dict[str, Any], problems: list[str]
) -> None:
    table = {"row": np.arange(2), "example": ["a", "b"], "response": ["", "y"], "finish": ["length", "stop"]}
    how: dict[str, Any] = {"base": None, "adapter": None, "quantization": None, "generation": None, "environment": None}
    record = Responses(dataset="d", rows=2, digest=columns_id(table), likelihoods=None, **stated, **how)
    assert [problem.what for problem in table_problems("entry 1", record, "responses", table)] == problems
