"""Many processes append to one ledger at once, in a file and through a server, while some are killed.

    python benchmarks/ledger_processes.py [--check] [--seconds 60] [--processes 16] [--store file] [--store server]

Every two seconds one writer is killed and another takes its place. Nothing that was acknowledged may be lost, the
chain must verify, and nobody may wait for too long: a wait is counted from one acknowledgement to the next, or to
the end.
"""

from __future__ import annotations

import argparse
import itertools
import os
import random
import socket
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from multiprocessing import connection, get_context
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

from qlora_gov import Example, Message
from qlora_gov.canonical import columns_id
from qlora_gov.ledger import Ledger, verify_ledger
from qlora_gov.ledger.remote import TOKEN
from qlora_gov.ledger.share import serving
from qlora_gov.records import DatasetVersion
from qlora_gov.records.table import Table, examples_table

WAIT, KILL = 30.0, 2.0
"""Seconds that nobody may wait for an append, and seconds from one kill to the next."""
FEW, MANY, EVERY = 20, 5_000, 8
"""The rows of an append: few, and many for every eighth writer, which must not lose to the others each time."""
SPAWN = get_context("forkserver")
SPAWN.set_forkserver_preload(["qlora_gov.ledger.share", "qlora_gov.records.example"])


@dataclass
class Writer:
    """A process that appends until it is killed, what it has told, and its longest wait."""

    process: BaseProcess
    pipe: connection.Connection
    since: float
    told: list[str] = field(default_factory=list)
    waited: float = 0.0

    def hear(self) -> None:
        """Take what it has told since; one that was killed may have been cut short."""
        try:
            while self.pipe.poll():
                self.told.append(self.pipe.recv())
                self._count_wait()
        except EOFError:
            pass

    def kill(self) -> None:
        """End it, wherever it is."""
        self.process.kill()
        self.process.join()
        self.hear()
        self._count_wait()

    def _count_wait(self) -> None:
        now = time.monotonic()
        self.waited, self.since = max(self.waited, now - self.since), now


def rows_of(name: str, rows: int) -> tuple[DatasetVersion, Table]:
    """A record with some rows that nobody else appends."""
    messages = (Message(role="assistant", content=f"{name} " + 40 * "x"),)
    table = examples_table([Example(messages=messages, group=name, source=f"{name}:{row}") for row in range(rows)])
    record = DatasetVersion(
        role="evaluation", sources=(), steps=(), rows=rows, groups=1, mix={}, digest=columns_id(table)
    )
    return record, table


def write(location: Path | str, number: int, pipe: connection.Connection) -> None:
    """Append for ever, and tell of each append once it is acknowledged."""
    ledger = Ledger(location)
    for turn in itertools.count():
        record, table = rows_of(f"writer {number}, append {turn}", FEW if number % EVERY else MANY)
        pipe.send(ledger.append(record, rows={"examples": table}).id)


def serve(path: Path, address: str, ready: Any) -> None:
    """Serve a file until killed."""
    with serving(path, address):
        ready.set()
        time.sleep(3600)


@contextmanager
def place(store: str, path: Path) -> Iterator[Path | str]:
    """Where writers reach the ledger: the file itself, or a server that holds it."""
    if store == "file":
        yield path
        return
    with socket.create_server(("127.0.0.1", 0)) as listening:
        address = f"quack:localhost:{listening.getsockname()[1]}"
    ready = SPAWN.Event()
    server = SPAWN.Process(target=serve, args=(path, address, ready), daemon=True)
    server.start()
    if not ready.wait(30):
        sys.exit("the server did not start")
    yield address
    server.kill()
    server.join()


def start(location: Path | str, number: int) -> Writer:
    """One more writer."""
    ours, theirs = SPAWN.Pipe(duplex=False)
    process = SPAWN.Process(target=write, args=(location, number, theirs), daemon=True)
    process.start()
    theirs.close()
    return Writer(process, ours, time.monotonic())


def contend(location: Path | str, processes: int, seconds: float) -> tuple[list[Writer], int]:
    """Let writers contend and kill some; all writers there were, and how many were killed on the way."""
    chance = random.Random(0)
    alive, dead = [start(location, number) for number in range(processes)], []
    end = time.monotonic() + seconds
    next_kill = time.monotonic() + KILL
    while time.monotonic() < end:
        connection.wait([writer.pipe for writer in alive], timeout=0.2)
        for writer in alive:
            writer.hear()
        if time.monotonic() > next_kill:
            next_kill += KILL
            dead.append(alive.pop(chance.randrange(len(alive))))
            dead[-1].kill()
            alive.append(start(location, len(alive) + len(dead)))
    for writer in alive:
        writer.kill()
    return alive + dead, len(dead)


def measure(store: str, processes: int, seconds: float) -> bool:
    """Run it once, print what was seen, and whether it is as it must be."""
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory, "ledger.duckdb")
        with place(store, path) as location:
            writers, killed = contend(location, processes, seconds)
        ledger = Ledger(path)
        held = {entry.id for entry in ledger.entries()}
        problems = verify_ledger(ledger, aggregates={}, artefacts=path.parent)
    told = [id_ for writer in writers for id_ in writer.told]
    lost, longest = len(set(told) - held), max(writer.waited for writer in writers)
    print(f"{store}: {processes} writers for {seconds:g} s, {killed} killed on the way")
    print(f"  appends acknowledged      {len(told)} ({len(told) / seconds:.1f} a second)")
    print(f"  acknowledged and lost     {lost} (must be 0); in the ledger {len(held)}")
    print(f"  the chain verifies        {'yes' if not problems else problems[0]}")
    print(f"  longest wait              {longest:.1f} s (at most {WAIT:g} s)", flush=True)
    return bool(told) and not lost and not problems and longest <= WAIT


def main() -> None:
    """Print all figures; with --check, exit with 1 where one is missed."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--check", action="store_true", help="exit with 1 where a figure is missed")
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--processes", type=int, default=16)
    parser.add_argument("--store", action="append", choices=["file", "server"], help="by default both")
    options = parser.parse_args()
    os.environ[TOKEN] = "only-on-this-machine"
    stores = options.store or ["file", "server"]
    sound = [measure(store, options.processes, options.seconds) for store in stores]
    if options.check and not all(sound):
        sys.exit(1)


if __name__ == "__main__":
    main()
