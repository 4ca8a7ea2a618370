"""The curation of real rows by all filters, beside a plain loop over the same filters, row by row.

    python benchmarks/data_speed.py [--check] [--rows 30000] [--only speed,growth,memory,large]

speed    two processes against the plain loop, in wall time and in seconds of the processor, one corpus with canned
         answers and one without; and what each filter takes of the plain loop. The plain loop parses a row, hands it to
         each filter by itself, and keeps what is left in a list; of the texts that stand in many rows, it too has each
         looked at once.
growth   each filter by itself, what it takes for 29,000 rows, and how many times that is of 3,000.
memory   the peak at 300,000 rows: the corpus ten times, each time with another word in each row.
large    a file of 1 GB.

``--check`` exits with 1 where a figure of these is missed: wall time at least 1.8 times better with two processes and
no more than 1.1 times the processor's seconds; growth at most 13 times; peaks of 1 GB and 1.5 GB. It exits with 3, and
says nothing of the wall time, where two processes that only count are not 1.8 times one: the machine is not quiet.
"""

from __future__ import annotations

import argparse
import ctypes
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import yaml
from data_corpus import DATA, corpus, held_out, write
from quiet import control

FASTER, DEARER, GROWTH, PEAK, LARGE, QUIET = 1.8, 1.1, 13.0, 1_000, 1_500, 1.8
CHILD_SUBREAPER = 36
"""Of prctl(2): processes whose parent ends become this one's, so that their time is counted here."""

SOURCE = {"use": "jsonl", "licence": "other", "provenance": "human", "consent": "public"}
STEPS: dict[str, dict[str, Any]] = {
    "exact_duplicates": {"use": "exact_duplicates"},
    "length": {"use": "length", "prompt": {"max_words": 400}, "answer": {"max_words": 400}},
    "language": {"use": "language"},
    "reading_level": {"use": "reading_level", "pronunciations": str(DATA / "cmudict" / "cmudict.dict")},
    "near_duplicates": {"use": "near_duplicates"},
    "toxicity_lexical": {"use": "toxicity_lexical", "action": "drop"},
    "pii": {"use": "pii", "action": "redact"},
    "held_out_leak": {"use": "held_out_leak"},
}


class Cost(NamedTuple):
    """What a piece of work took: seconds of the clock and of all processors, and the peak in MB of one process."""

    wall: float
    cpu: float
    peak: float


def project(directory: Path, training: Path, steps: Sequence[str]) -> None:
    """Write a project that passes rows through some steps."""
    write(directory / "evaluation.jsonl", held_out())
    settings = {
        "schema": 2,
        "about": {"title": "Benchmark", "intended_use": "None.", "licence": "other"},
        "data": {
            "training": {"sources": [{**SOURCE, "path": str(training)}], "steps": [STEPS[name] for name in steps]},
            "evaluation": {"sources": [{**SOURCE, "path": "evaluation.jsonl"}]},
        },
        "training": {"use": "nf4-qlora", "preset": "demo"},
        "evaluation": {"metrics": ["rouge_l"]},
        "policy": {"rules": [{"use": "non_inferior", "metric": "rouge_l", "margin": 0.02}]},
    }
    (directory / "qlora_gov.yaml").write_text(yaml.safe_dump(settings), encoding="utf-8")


def measured(command: Sequence[str], where: Path) -> Cost:
    """Run a command to its end, and the processes that it began. Raises SystemExit with what it said where it fails."""
    others, before, began = _children(), resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    process = subprocess.Popen(command, cwd=where, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    said = process.stderr.read() if process.stderr else ""
    if process.wait():
        raise SystemExit(f"{' '.join(command)} failed:\n{said}")
    wall = time.monotonic() - began
    while left := _children() - others:  # what the command left to end by itself is ours now
        for one in left:
            os.waitpid(one, 0)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Cost(wall, cpu, after.ru_maxrss / 1024)


def _children() -> set[int]:
    return set(map(int, Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()))


def built(training: Path, steps: Sequence[str], processes: int) -> Cost:
    """The product: ``data build``."""
    with tempfile.TemporaryDirectory() as directory:
        project(Path(directory), training, steps)
        command = [sys.executable, "-m", "qlora_gov", "data", "build", "--processes", str(processes)]
        return measured(command, Path(directory))


def looped(training: Path, steps: Sequence[str]) -> tuple[Cost, list[float]]:
    """The plain loop, in a process of its own; and the processor's seconds of each step in it."""
    with tempfile.TemporaryDirectory() as directory:
        project(Path(directory), training, steps)
        command = [sys.executable, __file__, "--loop", str(Path(directory, "qlora_gov.yaml"))]
        return measured(command, Path(directory)), json.loads(Path(directory, "seconds.json").read_text())


class Remembered:
    """A guardrail that is shown one text at a time, and no text twice."""

    def __init__(self, guardrail: Any) -> None:
        self._guardrail = guardrail
        self._found: dict[str, Any] = {}

    def detect(self, texts: Sequence[str]) -> list[Any]:
        """What it finds in each text."""
        for text in texts:
            if text not in self._found:
                [self._found[text]] = self._guardrail.detect([text])
        return [self._found[text] for text in texts]


def loop(file: Path) -> None:
    """Pass every row through every filter by itself, as one writes it down at first."""
    from qlora_gov import Drop
    from qlora_gov.plugin.host import load_catalog
    from qlora_gov.plugin.specs import Change
    from qlora_gov.project.binding import bind_project
    from qlora_gov.project.file import load_project
    from qlora_gov.stages.curate.uses import FILTER

    bound = bind_project(load_project(file), load_catalog([]), file.parent).trains()
    evaluation = [row for source in bound.evaluation_data.used_sources() for row in source.source.read()]
    rows = [row for source in bound.training_data.used_sources() for row in source.source.read()]
    seconds = []
    for step in bound.training_data.used_steps():
        filter_: Any = step.step
        began = time.process_time()
        if step.decontaminates:
            filter_.keep_clear_of(evaluation)
        if step.action != FILTER:
            filter_.guardrail = Remembered(filter_.guardrail)
        if step.judges_set:
            sketches = [sketch for row in rows for sketch in filter_.sketch([row])]
            drops = filter_.choose([row.id for row in rows], sketches)
            rows = [row for place, row in enumerate(rows) if place not in drops]
        else:
            results = [result for row in rows for result in filter_.apply([row])]
            rows = [one.example if isinstance(one, Change) else one for one in results if not isinstance(one, Drop)]
        seconds.append(time.process_time() - began)
    Path(file.parent, "seconds.json").write_text(json.dumps(seconds))
    Path(file.parent, "rows.jsonl").write_text("".join(row.model_dump_json() + "\n" for row in rows), encoding="utf-8")


class Report:
    """Lines with figures, and those that were missed."""

    def __init__(self) -> None:
        self.missed: list[str] = []

    def line(self, what: str, figure: str, holds: bool | None = None) -> None:
        """Print a figure, and whether it holds where it has to."""
        print(f"  {what:<58}{figure:>12}{'' if holds is None or holds else '   MISSED'}", flush=True)
        self.missed += [what] * (holds is False)


def speed(rows: int, directory: Path, report: Report) -> bool:
    """Returns whether the machine was quiet."""
    quiet = control()
    report.line("two processes that count, against one", f"{quiet:.2f} x")
    for canned in (True, False):
        name = "with canned answers" if canned else "with answers of their own"
        training = directory / f"rows-{canned}.jsonl"
        write(training, values := corpus(rows, answers_canned=canned))
        print(f"{len(values):,} rows {name}, all filters")
        plain, plainly = looped(training, list(STEPS))
        one, two = (built(training, list(STEPS), processes) for processes in (1, 2))
        for who, cost in (("plain loop", plain), ("one process", one), ("two processes", two)):
            rate = f"{len(values) / cost.wall:,.0f} rows/s"
            report.line(f"{who}: {cost.wall:.1f} s, {cost.cpu:.1f} s of the processors, {cost.peak:,.0f} MB", rate)
        faster, dearer = plain.wall / two.wall, two.cpu / plain.cpu
        report.line(
            "wall time, plain loop against two processes",
            f"{faster:.2f} x",
            faster >= FASTER if quiet >= QUIET else None,
        )
        report.line("seconds of the processors, two processes against plain", f"{dearer:.2f} x", dearer <= DEARER)
        for step, seconds in zip(STEPS, plainly, strict=True):
            report.line(f"  of the plain loop: {step}", f"{seconds:.1f} s")
    return quiet >= QUIET


def growth(directory: Path, report: Report) -> None:
    """How much longer each filter takes for 29,000 rows than for 3,000, the loading of its libraries left out."""
    for canned in (True, False):
        print(f"growth from 3,000 to 29,000 rows, {'canned answers' if canned else 'answers of their own'}")
        files = {}
        for rows in (100, 3_000, 29_000):
            files[rows] = directory / f"growth-{rows}-{canned}.jsonl"
            write(files[rows], corpus(rows, answers_canned=canned))
        for step in STEPS:
            # The lesser of two: what else the machine does only ever adds, and 3,000 rows take a second.
            few, some, many = (min(built(files[rows], [step], 1).cpu for _ in range(2)) for rows in files)
            taken, times = many - few, (many - few) / max(some - few, 1e-3)
            rate = f"{29_000 / max(taken, 1e-3):,.0f} rows/s"
            report.line(f"{step}: {taken:.1f} s of the processor, {rate}", f"{times:.1f} x", times <= GROWTH)


def memory(directory: Path, report: Report) -> None:
    """The peak of one process at 300,000 rows."""
    training = directory / "many.jsonl"
    rows = corpus(30_000, answers_canned=False)
    with training.open("w", encoding="utf-8") as stream:
        for copy in range(10):
            for row in rows:
                stream.write(json.dumps(_told_apart(row, copy), ensure_ascii=False) + "\n")
    cost = built(training, list(STEPS), 2)
    report.line(f"300,000 rows: {cost.wall:.0f} s; peak of a process", f"{cost.peak:,.0f} MB", cost.peak <= PEAK)


def large(directory: Path, report: Report) -> None:
    """A file of 1 GB: rows of about a thousand characters."""
    training = directory / "large.jsonl"
    rows = corpus(30_000, answers_canned=False)
    with training.open("w", encoding="utf-8") as stream:
        copy = 0
        while stream.tell() < 1_000_000_000:
            for at in range(0, len(rows) - 8, 8):
                row = _told_apart(rows[at], copy)
                row["response"] = (
                    " ".join(str(one.get("response", "")) for one in rows[at : at + 8]) + f" Number {copy}."
                )
                stream.write(json.dumps(row, ensure_ascii=False) + "\n")
            copy += 1
    steps = ["exact_duplicates", "near_duplicates", "length", "held_out_leak"]
    cost = built(training, steps, 2)
    size = training.stat().st_size / 1e9
    report.line(
        f"{size:.2f} GB, without detectors: {cost.wall:.0f} s; peak", f"{cost.peak:,.0f} MB", cost.peak <= LARGE
    )


def _told_apart(row: dict[str, Any], copy: int) -> dict[str, Any]:
    if "messages" in row:
        first, *rest = row["messages"]
        return {**row, "messages": [{**first, "content": f"{first['content']} Case {copy}."}, *rest]}
    return {**row, "prompt": f"{row['prompt']} Case {copy}."}


def main() -> int:
    """Print the tables. Returns 1 where a figure is missed, and 3 where the machine is not quiet."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true")
    parser.add_argument("--rows", type=int, default=30_000)
    parser.add_argument("--only", default="speed,growth,memory,large")
    parser.add_argument("--steps", default=",".join(STEPS), help="of which filters (default: all)")
    parser.add_argument("--loop", type=Path, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.loop:
        loop(asked.loop)
        return 0
    os.environ["OMP_NUM_THREADS"] = "1"
    ctypes.CDLL(None).prctl(CHILD_SUBREAPER, 1)
    for left_out in STEPS.keys() - set(asked.steps.split(",")):
        del STEPS[left_out]
    report, quiet = Report(), True
    parts: dict[str, Callable[[Path], Any]] = {
        "speed": lambda at: speed(asked.rows, at, report),
        "growth": lambda at: growth(at, report),
        "memory": lambda at: memory(at, report),
        "large": lambda at: large(at, report),
    }
    for name in asked.only.split(","):
        with tempfile.TemporaryDirectory() as directory:
            quiet = parts[name](Path(directory)) is not False and quiet
    if not asked.check:
        return 0
    return 1 if report.missed else 0 if quiet else 3


if __name__ == "__main__":
    sys.exit(main())
