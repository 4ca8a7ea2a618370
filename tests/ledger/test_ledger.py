from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path

import numpy as np
import pyarrow
import pytest
from pyarrow import parquet

from qlora_gov.errors import IntegrityError, LedgerError, LedgerMovedError, StorageError, UsageError
from qlora_gov.ledger import Ledger, export, scores
from qlora_gov.ledger.entry import GENESIS
from qlora_gov.records import AliasMove, Head, Policy
from qlora_gov.records.table import TABLES, examples_of, examples_table
from tests.ledger.samples import (
    ROWS,
    Release,
    append_release,
    dataset_of,
    evaluation_of,
    examples,
    policy,
    responses_of,
)


@pytest.fixture(params=["file", "server"])
def ledger(request: pytest.FixtureRequest, tmp_path: Path) -> Ledger:
    """The same ledger in both places where it can be kept."""
    if request.param == "server":
        return request.getfixturevalue("served")
    return Ledger(tmp_path / "state" / "ledger.duckdb", wait=5)


@pytest.fixture
def release(ledger: Ledger, tmp_path: Path) -> Release:
    return append_release(ledger, tmp_path / "artefacts")


def test_entries_chain_and_come_back_whole(ledger: Ledger) -> None:
    before = datetime.now(UTC)
    first = ledger.append(policy(1), key="k", facts={"host": "here", "seconds": 1.5})
    second = ledger.append(policy(2))
    assert (first.seq, first.previous, first.facts) == (1, GENESIS, {"host": "here", "seconds": 1.5})
    assert (second.seq, second.previous, second.key) == (2, first.hash, None)
    assert first.record == policy(1)
    assert first.id == policy(1).id
    assert ledger.entries() == [first, second]
    assert ledger.entries("policy") == [first, second]
    assert ledger.entries("base") == []
    assert ledger.head() == Head(seq=2, hash=second.hash)
    assert abs((datetime.fromisoformat(first.at) - before).total_seconds()) < 60


def test_repeating_an_append_adds_nothing(release: Release) -> None:
    ledger, entry = release.ledger, release.entries["evaluation set"]
    rows = {"examples": examples_table(examples(ROWS, "evaluation"))}
    assert ledger.append(entry.record, key=entry.key, rows=rows, facts={"again": True}) == entry
    assert ledger.append(release.entries["decision"].record) == release.entries["decision"], "without a key too"
    assert len(ledger.entries()) == len(release.entries)
    assert len(ledger.table(entry, "examples")["row"]) == ROWS


def test_find_gives_the_newest_entry_under_a_key(ledger: Ledger) -> None:
    key = "it's; DROP TABLE entries --"
    old, new = ledger.append(policy(1), key=key), ledger.append(policy(2), key=key)
    other = ledger.append(policy(1), key="other")
    assert ledger.find(key) == new
    assert ledger.find("other") == other
    assert ledger.get(old.id) == other, "one record under two keys: the newest entry"


def test_records_are_found_by_a_prefix_of_their_id(release: Release) -> None:
    entry = release.entries["adapter"]
    for name in (entry.id, entry.id[7:], entry.id[:15], entry.id[7:15]):
        assert release.ledger.get(name) == entry


def test_a_wrong_id_is_met_with_the_nearest(release: Release) -> None:
    digits = release.entries["adapter"].id[7:19]
    typo = digits[:-1] + ("0" if digits[-1] != "0" else "1")
    with pytest.raises(LedgerError, match=f"holds no record {typo}; did you mean {digits}"):
        release.ledger.get(typo)
    for short in ("abc", "champion", "sha256:", "0123456"):
        with pytest.raises(LedgerError, match="is no record id; write at least 8"):
            release.ledger.get(short)


def test_rows_come_back_as_they_were_given(release: Release) -> None:
    ledger, entries = release.ledger, release.entries
    table = ledger.table(entries["evaluation set"], "examples")
    assert examples_of(table) == examples(ROWS, "evaluation")
    responses, rows = responses_of(entries["base"].id, None, entries["evaluation set"].id, "champion first")
    assert entries["champion responses"].record == responses
    for name, expected in rows.items():
        found = ledger.table(entries["champion responses"], name)
        assert list(found) == list(expected)
        for column, values in expected.items():
            np.testing.assert_array_equal(found[column], values)
    findings = ledger.table(entries["candidate"], "findings")
    assert findings["row"].tolist() == [4, 2], "in the order in which they were appended, not sorted"
    assert findings["end"].dtype == np.int64
    assert len(ledger.table(entries["policy"], "scores")["value"]) == 0


def test_the_scores_of_each_measurement_come_back(release: Release) -> None:
    table = release.ledger.table(release.entries["candidate"], "scores")
    _, rows = evaluation_of("any", seed=len("candidatefirst"))
    stats, scored = scores(table, 2, ROWS, 2)
    assert scored.tolist() == [row != 3 for row in range(ROWS)]
    mine = rows["scores"]["metric"] == 2
    np.testing.assert_array_equal(stats[scored].T.ravel(), rows["scores"]["value"][mine])
    with pytest.raises(IntegrityError, match="are not 3 for each of the scored rows among 12"):
        scores(table, 2, ROWS, 3)


def test_an_alias_is_its_latest_move(release: Release) -> None:
    ledger, entries = release.ledger, release.entries
    assert ledger.alias("champion") == entries["alias"]
    assert ledger.alias("fallback") is None
    move = AliasMove(alias="champion", adapter=None, decision=None, previous=entries["alias"].id, reason="rolled back")
    assert ledger.alias("champion") == entries["alias"]
    moved = ledger.append(move)
    assert ledger.alias("champion") == moved


def test_lineage_goes_back_to_the_roots_nearest_first(release: Release) -> None:
    entries = release.entries
    walked = release.ledger.lineage(entries["adapter"].id)
    assert walked == [entries["base"], entries["training set"], entries["evaluation set"]]
    names = [
        name for found in release.ledger.lineage(entries["card"].id[7:]) for name in entries if entries[name] == found
    ]
    assert names[:5] == ["decision", "about", "policy", "candidate", "champion"]
    others = {"card", "alias", "waiver", "imported responses"}
    assert sorted(names) == sorted(set(entries) - others), "each once, all that it was made from"
    assert release.ledger.lineage(entries["alias"].id)[:3] == [
        entries[name] for name in ("adapter", "decision", "waiver")
    ]


def test_lineage_says_which_parent_is_not_there(ledger: Ledger) -> None:
    orphan = ledger.append(dataset_of(examples_table(examples(2, "x")), "training", held_out="sha256:" + 64 * "a"))
    with pytest.raises(IntegrityError, match=r"entry 1 \(dataset .*\) was made from sha256:aaaa.* does not hold"):
        ledger.lineage(orphan.id)


def test_rows_that_disagree_with_the_record_are_not_appended(ledger: Ledger) -> None:
    table = examples_table(examples(4, "x"))
    record = dataset_of(table, "evaluation")
    changed = {**table, "source": ["elsewhere", *table["source"][1:]]}
    with pytest.raises(ValueError, match="examples: the rows do not have the digest"):
        ledger.append(record, rows={"examples": changed})
    with pytest.raises(ValueError, match="3 rows are there, the record states 4"):
        ledger.append(record, rows={"examples": {name: column[:3] for name, column in table.items()}})
    with pytest.raises(ValueError, match=r"has rows in \['examples'\], not in \[\]"):
        ledger.append(record)
    with pytest.raises(ValueError, match=r"has rows in \[\], not in \['examples'\]"):
        ledger.append(dataset_of(table, "training"), rows={"examples": table})
    evaluation, rows = evaluation_of("sha256:" + 64 * "0", seed=1)
    rows["scores"] = {**rows["scores"], "value": rows["scores"]["value"][::-1]}
    with pytest.raises(ValueError, match="scores of mean: the rows do not have the digest"):
        ledger.append(evaluation, rows=rows)
    assert ledger.entries() == []


def test_writers_in_one_process_wait_for_each_other(ledger: Ledger) -> None:
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda number: ledger.append(policy(number)), range(20)))
    entries = ledger.entries()
    assert [entry.seq for entry in entries] == list(range(1, 21))
    assert all(after.previous == before.hash for before, after in pairwise(entries))


def test_any_table_can_be_exported(release: Release, tmp_path: Path) -> None:
    def exported(name: str) -> pyarrow.Table:
        path = tmp_path / "it's new" / f"{name}.parquet"
        export(release.ledger, name, path)
        return parquet.read_table(path)

    entries = list(release.entries.values())
    assert exported("entries").column("hash").to_pylist() == [entry.hash for entry in entries]
    for name in TABLES:
        table = exported(name)
        owners = table.column("entry").to_pylist()
        assert owners == sorted(owners)
        for entry in entries:
            mine = table.filter([owner == entry.seq for owner in owners]).drop_columns(["entry"])
            expected = release.ledger.table(entry, name)
            assert mine.to_pydict() == {column: list(values) for column, values in expected.items()}
    names = {path.name for path in (tmp_path / "it's new").iterdir()}
    assert names == {f"{name}.parquet" for name in ("entries", *TABLES)}


def test_an_unknown_table_is_not_exported(release: Release, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="a ledger has no table 'score'; did you mean 'scores'"):
        export(release.ledger, "score", tmp_path / "x.parquet")
    with pytest.raises(StorageError, match=r"below\.parquet cannot be written: "):
        export(release.ledger, "scores", Path("/dev/null/below.parquet"))
    assert not (tmp_path / "x.parquet").exists()


def test_a_record_that_follows_from_all_of_its_kind_is_not_appended_behind_a_newer_one(release: Release) -> None:
    ledger = release.ledger
    seen = ledger.newest("policy")
    assert seen.newest == ledger.entries("policy")[-1].seq
    first, second = (Policy(rules=(), inconclusive=word) for word in ("blocks", "tolerated"))
    ledger.append(second, seen=seen)
    head = ledger.head()
    with pytest.raises(LedgerMovedError, match="another process evaluated, decided or moved an alias at the same time"):
        ledger.append(first, key="sha256:again", seen=seen)
    with pytest.raises(LedgerMovedError):
        ledger.append_together([first], seen=seen)
    assert ledger.head() == head
    third = Policy(rules=(), further_looks="count")
    ledger.append_together([first, third], seen=ledger.newest("policy"))
    newest = ledger.entries("policy")[-2:]
    assert [entry.record for entry in newest] == [first, third]
    assert newest[1].previous == newest[0].hash
