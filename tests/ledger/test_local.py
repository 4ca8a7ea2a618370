from __future__ import annotations

import threading
from pathlib import Path

import pytest

from qlora_gov.errors import LedgerError, LedgerLockedError
from qlora_gov.ledger import Ledger
from tests.ledger.samples import policy


def test_a_ledger_that_does_not_exist_reads_as_empty(ledger: Ledger) -> None:
    assert not ledger.exists()
    assert ledger.head() is None
    assert ledger.find("key") is None
    assert ledger.alias("champion") is None
    assert ledger.entries() == []
    with pytest.raises(LedgerError, match=r"there is no ledger at .*ledger\.duckdb; 'qlora-gov run' begins one"):
        ledger.get("0123456789")
    assert not ledger.location.parent.exists(), "reading creates nothing"


def test_a_reader_in_another_thread_is_waited_for(ledger: Ledger) -> None:
    ledger.append(policy(1))
    waited: list[float] = []
    reading, done = threading.Event(), threading.Event()

    def read() -> None:
        with ledger.reading():
            reading.set()
            done.wait(5)

    def tell(seconds: float) -> None:
        waited.append(seconds)
        done.set()

    thread = threading.Thread(target=read)
    thread.start()
    assert reading.wait(5)
    with pytest.raises(LedgerLockedError, match="is held by this process"):
        Ledger(ledger.location, wait=0).append(policy(2))
    assert Ledger(ledger.location, wait=5, on_wait=tell).append(policy(2)).seq == 2
    thread.join()
    assert waited == sorted(waited)
    assert len(waited) >= 1


def test_a_path_of_any_name_will_do(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path / "it's a [write-write] conflict *" / "é ledger")
    assert ledger.append(policy(1)) == ledger.entries()[0]
