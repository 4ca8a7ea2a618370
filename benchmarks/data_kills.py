"""Builds of dataset versions that are killed, at any moment and between a version's rows and its manifest.

    python benchmarks/data_kills.py [--check] [--kills 50] [--between 10] [--rows 6000] [--seed 7]

A version is built. Then, again and again, a row more is there and a build is killed: first some right after the rows
of the new version have their name and its manifest is not yet there, the others at random moments of a build's time.
After each kill the last version must be whole, by its digests, and none of the killed build's processes be left. The
next build must make the version of these rows, the same as a project that was never disturbed makes.

``--check`` exits with 1 where one of these does not hold.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from itertools import count
from pathlib import Path
from typing import Any

from data_corpus import corpus
from data_speed import project

from qlora_gov.ledger import Ledger, verify_ledger
from qlora_gov.ledger.datasets import DatasetParquet
from qlora_gov.ledger.files import dataset_file
from qlora_gov.ledger.reading import held
from qlora_gov.records import DatasetVersion

STEPS = ["exact_duplicates", "length", "near_duplicates", "held_out_leak"]
BUILD = ["-m", "qlora_gov", "data", "build", "--processes", "2"]
BETWEEN = """
import os, pathlib, runpy, signal, sys
rename = pathlib.Path.replace
def replace(path, target):
    done = rename(path, target)
    if pathlib.Path(target).name == "rows.parquet" and "datasets" in pathlib.Path(target).parts:
        os.kill(os.getpid(), signal.SIGKILL)
    return done
pathlib.Path.replace = replace
sys.argv = ["qlora-gov", *sys.argv[1:]]
runpy.run_module("qlora_gov", run_name="__main__")
"""
"""A build that kills itself once its rows have their name, and before its manifest has."""


class Place:
    """A project of its own, whose rows grow one by one."""

    def __init__(self, root: Path, rows: list[dict[str, Any]]) -> None:
        self.root, self.rows = root, rows
        root.mkdir()
        self.training = root / "rows.jsonl"
        project(root, self.training, STEPS)

    def grow(self, number: int) -> None:
        """Write the rows with some more."""
        more = [{"prompt": f"What is the rule {at}?", "response": f"It is {at * 7}."} for at in range(number)]
        text = "".join(json.dumps({"provenance": "human", **row}) + "\n" for row in (*self.rows, *more))
        self.training.write_text(text, encoding="utf-8")

    def build(self, command: list[str]) -> subprocess.Popen[str]:
        """Begin a build, its processes in a group of their own."""
        return subprocess.Popen(
            [sys.executable, *command],
            cwd=self.root,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def built(self) -> DatasetVersion:
        """Build to the end. Raises SystemExit with what the build said where it fails."""
        process = self.build(BUILD)
        said = process.stderr.read() if process.stderr else ""
        if process.wait():
            raise SystemExit(f"a build after a kill failed:\n{said}")
        return self.newest()

    def newest(self) -> DatasetVersion:
        """The newest training version on record."""
        entries = Ledger(self.root / ".qlora_gov" / "ledger.duckdb").entries(DatasetVersion.kind)
        return [version for entry in entries if (version := held(entry, DatasetVersion)).role == "training"][-1]

    def faults(self, last: DatasetVersion) -> list[str]:
        """What is wrong with a version: with its record, its rows, or its manifest."""
        ledger, path = Ledger(self.root / ".qlora_gov" / "ledger.duckdb"), dataset_file(self.state, last.digest)
        found = [] if self.newest() == last else ["another version is the newest on record"]
        found += [str(problem) for problem in verify_ledger(ledger, aggregates={}, artefacts=self.state)]
        if DatasetParquet().digest(path) != last.digest:
            found.append("the rows of the last version are others")
        if json.loads((path.parent / "manifest.json").read_text())["digest"] != last.digest:
            found.append("the manifest of the last version is another")
        return found

    @property
    def state(self) -> Path:
        """Where the project keeps what it makes."""
        return self.root / ".qlora_gov"


def left_over(group: int) -> bool:
    """Whether a process of a group is left, two seconds after the first of them was killed."""
    for _ in range(20):
        try:
            os.killpg(group, 0)
        except ProcessLookupError:
            return False
        time.sleep(0.1)
    return True


def main() -> int:
    """Print a line for each kill. Returns 1 where ``--check`` is given and something was lost."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true")
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--between", type=int, default=10)
    parser.add_argument("--rows", type=int, default=6_000)
    parser.add_argument("--seed", type=int, default=7)
    asked = parser.parse_args()
    rng, faults = random.Random(asked.seed), 0
    with tempfile.TemporaryDirectory() as directory:
        rows = corpus(asked.rows, answers_canned=False)
        disturbed, quiet = Place(Path(directory, "disturbed"), rows), Place(Path(directory, "quiet"), rows)
        disturbed.grow(0)
        began = time.monotonic()
        last = disturbed.built()
        takes = time.monotonic() - began
        print(f"a build of {len(rows):,} rows takes {takes:.1f} s", flush=True)
        killed = 0
        for number in count(1):
            if killed == asked.kills:
                break
            disturbed.grow(number)
            between = killed < asked.between
            process = disturbed.build(["-c", BETWEEN, *BUILD[2:]] if between else BUILD)
            moment = takes if between else rng.uniform(0.05, 1.0) * takes
            try:
                process.wait(timeout=20 * takes if between else moment)
            except subprocess.TimeoutExpired:
                process.send_signal(signal.SIGKILL)
                process.wait()
            if process.returncode == 0 and not between:  # it was done before
                last = disturbed.newest()
                continue
            killed += 1
            found = disturbed.faults(last) + ["processes of it are left"] * left_over(process.pid)
            found += ["it was not killed between"] * (between and process.returncode != -signal.SIGKILL)
            last = disturbed.built()
            if killed % 10 == 1:
                quiet.grow(number)
                shutil.rmtree(quiet.state, ignore_errors=True)
                found += ["the next build made another version"] * (quiet.built().digest != last.digest)
            when = "between rows and manifest" if between else f"after {moment:.1f} s"
            print(
                f"{killed:>3}  killed {when}: {'; '.join(found) or 'all is there, and the next build went on'}",
                flush=True,
            )
            faults += bool(found)
    print(f"{asked.kills} builds killed, {asked.between} of them between rows and manifest; {faults} lost something")
    return 1 if asked.check and faults else 0


if __name__ == "__main__":
    sys.exit(main())
