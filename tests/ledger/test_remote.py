"""What is different on a server; test_ledger.py has what is the same."""

from __future__ import annotations

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import duckdb
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from qlora_gov.canonical import columns_id
from qlora_gov.errors import LedgerError, LedgerLockedError, NewerLedgerError
from qlora_gov.ledger import Ledger, columns, schema, verify_ledger
from qlora_gov.ledger.append import appending
from qlora_gov.ledger.entry import draft
from qlora_gov.ledger.remote import TOKEN, ServerSession, ServerStore, load_extensions
from qlora_gov.ledger.share import serving
from qlora_gov.records.table import TABLES, examples_table
from tests.ledger.samples import AGGREGATES, append_release, dataset_of, examples, policy, responses_of
from tests.ledger.test_columns import tables


def session_of(ledger: Ledger) -> closing[ServerSession]:
    return closing(ServerStore(str(ledger.location)).writer())


@settings(max_examples=5, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
@pytest.mark.parametrize("name", TABLES)
def test_rows_keep_their_digest(served: Ledger, name: str, data: st.DataObject) -> None:
    table = data.draw(tables(name))
    with session_of(served) as session:
        entry = session.execute(f"SELECT coalesce(max(entry), 0) + 1 FROM {name}").fetchall()[0][0]
        session.write([f"SET VARIABLE entry = {entry}"], {name: columns.typed(name, table)})
        assert columns_id(columns.read(session, entry, name)) == columns_id(table)


def test_many_rows_keep_their_order(served: Ledger) -> None:
    value = np.random.default_rng(0).random(300_000)
    table = {name: np.arange(value.size)[::-1].copy() for name in ("metric", "component", "row")} | {"value": value}
    with session_of(served) as session:
        for entry in (1, 2):
            session.write([f"SET VARIABLE entry = {entry}"], {"scores": table})
        for entry in (1, 2):
            found = columns.read(session, entry, "scores")
            np.testing.assert_array_equal(found["value"], value)
            np.testing.assert_array_equal(found["row"], table["row"])


def test_a_record_that_many_append_at_once_is_there_once(served: Ledger) -> None:
    record, rows = responses_of("base", None, "dataset", "the same")
    with ThreadPoolExecutor(4) as pool:
        entries = list(pool.map(lambda _: served.append(record, key="key", rows=rows), range(8)))
    assert served.entries() == [entries[0]]
    assert entries == [entries[0]] * 8
    assert served.table(entries[0], "responses")["response"] == rows["responses"]["response"]


def test_an_append_that_fails_at_its_last_row_adds_nothing(served: Ledger) -> None:
    record, rows = responses_of("base", None, "dataset", "text")
    likelihoods = {**rows["likelihoods"], "nll": np.full(12, np.nan)}
    with session_of(served) as session, pytest.raises(duckdb.Error):
        session.write(appending(draft(record, None, {})), {**rows, "likelihoods": likelihoods})
    assert served.entries() == []
    with served.reading() as session:
        assert session.execute("SELECT count(*) FROM responses").fetchall() == [(0,)]
    assert served.append(record, rows=rows).seq == 1


def test_verification_reads_a_server_as_it_reads_a_file(served: Ledger, tmp_path: Path) -> None:
    release = append_release(served, tmp_path / "artefacts")
    head = served.head()
    assert head is not None
    assert verify_ledger(served, aggregates=AGGREGATES, artefacts=release.artefacts, heads=[head]) == []
    with session_of(served) as session:
        session.write(['UPDATE scores SET value = value + 1e-9 WHERE "row" = 4 AND metric = 2'], {})
    problems = verify_ledger(served, aggregates=AGGREGATES, artefacts=release.artefacts)
    assert [problem.where.split(", ")[1] for problem in problems] == ["scores of nll"] * 2


def test_appends_meanwhile_do_not_mislead_verification(served: Ledger, tmp_path: Path) -> None:
    def append(number: int) -> None:
        table = examples_table(examples(4, f"set {number}"))
        served.append(dataset_of(table, "evaluation"), rows={"examples": table})

    with ThreadPoolExecutor(1) as pool:
        appended = pool.map(append, range(30))
        while len(served.entries()) < 30:
            assert verify_ledger(served, aggregates={}, artefacts=tmp_path) == []
        list(appended)


def test_a_served_file_is_held_and_is_an_ordinary_ledger_afterwards(address: str, tmp_path: Path) -> None:
    path = tmp_path / "served.duckdb"
    before = Ledger(path).append(policy(1))
    with serving(path, address):
        after = Ledger(address).append(policy(2))
        with pytest.raises(LedgerLockedError, match="is held by this process"):
            Ledger(path, wait=0).head()
    assert Ledger(path).entries() == [before, after]


def test_what_a_server_acknowledged_survives_its_kill(address: str, tmp_path: Path) -> None:
    path = tmp_path / "served.duckdb"
    code = (
        "import sys; from pathlib import Path; from qlora_gov.ledger.share import serving\n"
        "with serving(Path(sys.argv[1]), sys.argv[2]):\n    print('ready', flush=True)\n    sys.stdin.read()"
    )
    command = [sys.executable, "-c", code, str(path), address]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        assert server.stdout.readline() == "ready\n"
        told = [Ledger(address).append(policy(number)) for number in range(5)]
        with pytest.raises(LedgerLockedError, match=f"is held by process {server.pid}"):
            Ledger(path, wait=0).head()
        server.kill()
    assert Ledger(path).entries() == told
    assert verify_ledger(Ledger(path), aggregates={}, artefacts=tmp_path) == []


def test_clients_reach_the_ledger_and_no_file_besides_it(served: Ledger, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("secret")
    for query in (
        f"SELECT * FROM read_text('{tmp_path}/secret')",
        f"COPY entries TO '{tmp_path}/stolen.csv'",
        f"ATTACH '{tmp_path}/new.duckdb'",
        "SET enable_external_access = true",
    ):
        with (
            pytest.raises(LedgerError, match=r"disabled by configuration|has been locked"),
            served.reading() as session,
        ):
            session.execute(query)
    assert {path.name for path in tmp_path.glob("[!.]*[!l]")} == {"secret", "served.duckdb"}


def test_the_token_is_asked_for_and_never_shown(served: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    assert served.head() is None
    monkeypatch.setenv(TOKEN, "a wrong 'token'")
    with pytest.raises(LedgerError, match="its token is another than the one in this environment") as caught:
        Ledger(served.location).head()
    assert "a wrong" not in str(caught.value)
    assert "a wrong" not in str(caught.value.__cause__)
    monkeypatch.delenv(TOKEN)
    with pytest.raises(LedgerError, match=f"needs the server's token in the variable {TOKEN}"):
        Ledger(served.location).head()
    assert served.head() is None, "who knows the token goes on"


def test_a_server_that_is_not_there_is_said_not_to_be(address: str) -> None:
    with pytest.raises(LedgerError, match=f"{address} cannot be used: no DuckDB server answers there"):
        Ledger(address).head()


def test_a_place_is_served_once(served: Ledger, tmp_path: Path) -> None:
    with (
        pytest.raises(LedgerError, match=f"{served.location} cannot be served: Address already in use"),
        serving(tmp_path / "other.duckdb", str(served.location)),
    ):
        pass


def test_a_database_that_is_no_ledger_is_not_taken_for_one(address: str) -> None:
    with duckdb.connect() as server:
        load_extensions(server)
        token = "the server''s ''token''"
        server.execute(f"CALL quack_serve('{address}', token = '{token}')")
        with pytest.raises(LedgerError, match=f"{address} is a DuckDB database, but not a ledger"):
            Ledger(address).entries()


@pytest.mark.parametrize(("version", "error"), [(0, LedgerError), (7, NewerLedgerError)])
def test_a_server_of_another_version_is_left_alone(served: Ledger, version: int, error: type[LedgerError]) -> None:
    with session_of(served) as session:
        session.write([f"DELETE FROM migrations; INSERT INTO migrations VALUES ({version}, '', '')"], {})
    with pytest.raises(
        error, match=f"has schema version {version}, this program (needs|knows) {len(schema.MIGRATIONS)}"
    ):
        Ledger(served.location).append(policy(1))


def test_without_the_extensions_it_is_said_how_to_install_them(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "duckdb_extension_quack", None)
    with pytest.raises(LedgerError, match=r"run pip install 'qlora-gov\[server\]'"):
        Ledger(address).head()
