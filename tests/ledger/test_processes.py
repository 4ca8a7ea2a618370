"""Several real processes on one ledger: waiting, being killed, a full disk."""

from __future__ import annotations

import random
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from qlora_gov.errors import LedgerLockedError
from qlora_gov.ledger import Ledger, verify_ledger
from qlora_gov.records import Policy

# Appends responses of some rows for ever or some times, and tells of each as soon as it is acknowledged.
# Without pandas and pyarrow, as where no extra is installed; it starts faster, too.
APPEND = """
import sys
sys.modules["pandas"] = sys.modules["pyarrow"] = None
import numpy as np
from pathlib import Path
from qlora_gov.canonical import columns_id
from qlora_gov.errors import GovError
from qlora_gov.ledger import Ledger
from qlora_gov.records import Environment, GenerationSettings, Responses

path, name, times, rows = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
environment = Environment(
    python="", platform="", device="", threads=1, packages={}, git_commit=None, git_dirty=None
)
print("ready", flush=True)
for number in range(times):
    text = [f"{name} {number} " + 40 * "x"] * rows
    table = {"row": np.arange(rows), "example": text, "response": text, "finish": text}
    record = Responses(
        base=name, adapter=None, dataset=str(number), quantization="none", generation=GenerationSettings(), rows=rows,
        digest=columns_id(table), likelihoods=None, environment=environment,
    )
    try:
        print(Ledger(path).append(record, rows={"responses": table}).id, flush=True)
    except GovError as error:
        print(f"{type(error).__name__}: {error}", flush=True)
"""

HOLD = """
import sys, duckdb
connection = duckdb.connect(sys.argv[1])
print("held", flush=True)
sys.stdin.readline()
"""


def start(code: str, *arguments: object) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", code, *map(str, arguments)]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def read_line(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


def sound(ledger: Ledger) -> bool:
    """Nothing is wrong but that the parents, which these records make up, are not there."""
    problems = verify_ledger(ledger, aggregates={}, artefacts=ledger.location.parent)
    return all("which no entry before it holds" in problem.what for problem in problems)


@pytest.mark.parametrize("store", ["file", "server"])
def test_processes_append_at_once_and_lose_nothing(store: str) -> None:
    """The benchmark, for eight seconds instead of sixty."""
    if store == "server":
        pytest.importorskip("duckdb_extension_quack", reason="a DuckDB server needs qlora-gov[server]")
    script = Path(__file__).parents[2] / "benchmarks" / "ledger_processes.py"
    command = [sys.executable, script, "--check", "--seconds", "8", "--processes", "8", "--store", store]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.search("8 writers for 8 s, [2-4] killed on the way", done.stdout)


def test_what_was_acknowledged_survives_a_kill(ledger: Ledger) -> None:
    pauses = random.Random(1)
    told: set[str] = set()
    for turn in range(5):
        writers = [start(APPEND, ledger.location, f"writer {turn} {number}", 1000, 400) for number in range(2)]
        told |= {read_line(writers[0]) for _ in range(1 + turn)} - {"ready"}
        time.sleep(pauses.uniform(0, 0.2))
        for writer in writers:
            writer.kill()
        told |= {line for writer in writers for line in writer.communicate()[0].splitlines() if len(line) == 71}
        entries = ledger.entries()
        assert told <= {entry.id for entry in entries}
        assert all(len(ledger.table(entry, "responses")["row"]) == 400 for entry in entries[-3:])
    assert len(told) >= 10
    assert sound(ledger)


def test_a_ledger_that_is_held_names_its_holder_and_is_waited_for(ledger: Ledger) -> None:
    ledger.append(Policy(rules=()))
    holder = start(HOLD, ledger.location)
    assert read_line(holder) == "held"
    begun = time.monotonic()
    for operation in (lambda it: it.append(Policy(rules=()), key="new"), Ledger.head):
        with pytest.raises(LedgerLockedError) as caught:
            operation(Ledger(ledger.location, wait=0.3))
        message = str(caught.value)
        assert f"{ledger.location} is held by process {holder.pid} and was not free within 0.3 s" in message
    assert 0.6 <= time.monotonic() - begun < 5

    def release(seconds: float) -> None:
        if seconds > 0.2 and holder.poll() is None:
            holder.communicate("go\n")

    waiting = Ledger(ledger.location, wait=30, on_wait=release)
    assert waiting.append(Policy(rules=()), key="new").seq == 2
    assert holder.wait(10) == 0


def test_a_write_that_fails_adds_nothing(ledger: Ledger) -> None:
    # A file may not grow beyond 2 MB here, which stops DuckDB halfway through its writes as a full disk does.
    limited = "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (2_000_000, 2_000_000))\n"
    ledger.append(Policy(rules=()))
    answers = start(limited + APPEND, ledger.location, "writer", 3, 150_000).communicate(timeout=120)[0].splitlines()
    expected = f"StorageError: {ledger.location} cannot be written: File too large"
    assert answers == ["ready", *3 * [expected]]
    assert [entry.kind for entry in ledger.entries()] == ["policy"]
    assert ledger.append(Policy(rules=()), key="after").seq == 2
    assert sound(ledger)


def test_a_full_disk_adds_nothing(tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = [
        "unshare",
        "--map-root-user",
        "--mount",
        "sh",
        "-c",
        'mount -t tmpfs -o size=$2 tmpfs "$1" && shift 2 && "$@"',
    ]
    if shutil.which("unshare") is None or subprocess.run([*mounted, "-", disk, "1m", "true"], check=False).returncode:
        pytest.skip("this system lets nobody mount a small disk")
    look = (
        "\nledger = Ledger(path)\n"
        "print([len(ledger.table(entry, 'responses')['row']) for entry in ledger.entries()] if ledger.exists() else [])"
    )

    def answers(size: str, rows: int) -> list[str]:
        python = [sys.executable, "-c", APPEND + look, str(disk / "ledger.duckdb"), "writer", "8", str(rows)]
        done = subprocess.run([*mounted, "-", disk, size, *python], check=True, stdout=subprocess.PIPE, text=True)
        return done.stdout.splitlines()

    _, *told, left = answers("4m", 5000)
    refused = [line for line in told if line.endswith("cannot be written: No space left on device")]
    assert 0 < len(refused) < 8
    assert all(line.startswith(("sha256:", "StorageError: ")) for line in told)
    assert left == str([5000] * (8 - len(refused)))
    _, *told, left = answers("64k", 1)
    assert all(line.endswith("cannot be written: No space left on device") for line in told)
    assert left == "[]", "a ledger that could not be created whole is not there"
