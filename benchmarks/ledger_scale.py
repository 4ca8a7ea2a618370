"""A ledger of 1,000 adapters and 10 million scores: append, trace, lineage, verify; and MLflow's store beside it.

    OMP_NUM_THREADS=1 python benchmarks/ledger_scale.py [--check] [--adapters 1000] [--rows 1667] [--keep DIRECTORY]

A score is one metric on one row; a metric of k sufficient statistics stores k values for it. Every adapter has its
whole lineage: base, training set, evaluation set, responses, evaluation and decision. MLflow keeps one evaluation of
the same size as a table in its own store (SQLite for the run, a file for the table); it links and checks nothing.
"""

from __future__ import annotations

import argparse
import logging
import os
import resource
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from qlora_gov import Example, Message
from qlora_gov.canonical import bytes_id, columns_id, tree_id
from qlora_gov.ledger import Ledger, scores, verify_ledger
from qlora_gov.ledger.append import appending
from qlora_gov.ledger.columns import typed
from qlora_gov.ledger.entry import draft
from qlora_gov.ledger.local import FileStore
from qlora_gov.ledger.rows import Aggregate
from qlora_gov.records import (
    Adapter,
    Base,
    Component,
    DatasetVersion,
    Decision,
    DecisionOutcome,
    Environment,
    Evaluation,
    GenerationSettings,
    Measurement,
    Outcome,
    Policy,
    Record,
    Responses,
    Rule,
    RuleVerdict,
    Training,
    Verdict,
)
from qlora_gov.records.table import Table, examples_of, examples_table, scores_id, scores_table

METRICS = {"rouge_l": 2, "bleu": 10, "perplexity": 2, "policy_compliance": 2, "toxicity_rate": 2, "pii_rate": 2}
"""Each metric's number of sufficient statistics."""
APPEND, TRACE, LINEAGE, VERIFY, MEMORY = 1.0, 0.5, 0.1, 1.0, 2000
"""What must be reached: seconds for each of the first three, million scores a second, megabytes."""
BIG = 10_000  # rows of the evaluation that is appended, and that MLflow logs
SOURCE = bytes_id(b"source")
HERE = Environment(
    python="3.11", platform="linux", device="cpu", threads=1, packages={}, git_commit=None, git_dirty=None
)
Made = tuple[Record, dict[str, Table]]


def component(name: str) -> Component:
    """A component by its name alone."""
    return Component(name=name, distribution="d", version="1", source=SOURCE, settings={})


def ratio(sums: Any) -> Any:
    """The value of every metric here."""
    return sums[..., 0] / sums[..., 1]


def timed(work: Callable[[], Any]) -> tuple[float, Any]:
    """Seconds, and what came of them."""
    start = time.perf_counter()
    result = work()
    return time.perf_counter() - start, result


def evaluation_set(rows: int) -> Made:
    """Rows to be answered."""
    examples = [
        Example(
            messages=(
                Message(role="user", content=f"How is question {row} of a customer to be answered?"),
                Message(role="assistant", content=f"With reference {row}, " + 120 * "."),
            ),
            group=f"g{row}",
            source=f"rows.jsonl:{row}",
        )
        for row in range(rows)
    ]
    table = examples_table(examples)
    record = DatasetVersion(
        role="evaluation", sources=(), steps=(), rows=rows, groups=rows, mix={}, digest=columns_id(table)
    )
    return record, {"examples": table}


def answers(base: str, adapter: str | None, dataset: str, examples: Table, number: int) -> Made:
    """What a subject answered."""
    ids = list(examples["id"])
    text = [f"Answer {row} of subject {number}: " + 90 * "x" for row in range(len(ids))]
    table: Table = {"row": np.arange(len(ids)), "example": ids, "response": text, "finish": ["stop"] * len(ids)}
    record = Responses(
        base=base,
        adapter=adapter,
        dataset=dataset,
        quantization="nf4",
        generation=GenerationSettings(),
        rows=len(ids),
        digest=columns_id(table),
        likelihoods=None,
        environment=HERE,
    )
    return record, {"responses": table}


def scored(responses: str, rows: int, rng: np.random.Generator) -> Made:
    """All metrics on all rows."""
    everything = np.ones(rows, dtype=np.bool_)
    parts, measurements = [], []
    for index, (name, k) in enumerate(METRICS.items()):
        counts = rng.integers(1, 60, (rows, k)).astype(np.float64)
        counts[:, 0] = rng.random(rows) if name in ("rouge_l", "perplexity") else counts[:, 0] // 30
        parts.append((index, counts, everything))
        measurements.append(
            Measurement(
                name=name,
                metric=component(f"m/{name}"),
                components=tuple(f"c{number}" for number in range(k)),
                scored=rows,
                rows=rows,
                value=float(ratio(counts.sum(axis=0))),
                digest=scores_id(counts, everything),
            )
        )
    none: Table = {
        name: np.empty(0, np.float64 if name == "score" else np.int64)
        for name in ("row", "detector", "score", "start", "end")
    }
    findings: Table = none | {"field": [], "kind": []}
    record = Evaluation(responses=responses, measurements=tuple(measurements), scans=(), findings=columns_id(findings))
    return record, {"scores": scores_table(parts), "findings": findings}


def trained(base: str, held_out: str, number: int) -> tuple[DatasetVersion, Callable[[str], Adapter]]:
    """A training set, and the adapter that is trained on it."""
    files = {"adapter_model.safetensors": bytes_id(str(number).encode())}
    training = Training(
        recipe=component("nf4/qlora"), seed=number, losses=(), steps=100, tokens=10_000, notes=(), environment=HERE
    )
    dataset = DatasetVersion(
        role="training",
        sources=(),
        steps=(),
        rows=400,
        groups=400,
        mix={},
        digest=bytes_id(b"rows" + str(number).encode()),
        held_out=held_out,
    )

    def adapter(dataset: str) -> Adapter:
        return Adapter(base=base, dataset=dataset, files=files, digest=tree_id(files), training=training)

    return dataset, adapter


def decided(policy: tuple[str, Rule], candidate: str, champion: str, adapter: str) -> Decision:
    """A decision on an adapter."""
    verdict = RuleVerdict(rule=policy[1], verdict=Verdict(outcome=Outcome.PASS, reason="the interval clears it"))
    return Decision(
        policy=policy[0],
        candidate=candidate,
        champion=champion,
        adapter=adapter,
        verdicts=(verdict,),
        outcome=DecisionOutcome.APPROVED,
        exploratory=False,
        look=1,
    )


def build(path: Path, adapters: int, rows: int) -> None:
    """Fill a ledger through one open session, since opening the file for each entry would take most of the time."""
    store, rng = FileStore(path), np.random.default_rng(0)
    session = store.writer()

    def add(made: Record | Made) -> str:
        record, tables = made if isinstance(made, tuple) else (made, {})
        typed_tables = {name: typed(name, table) for name, table in tables.items()}
        session.write(appending(draft(record, None, {"seconds": 1.5})), typed_tables)
        return record.id

    rule = Rule(name="accuracy", gate=component("gates/no_worse_than"), metric="rouge_l")
    policy = (add(Policy(rules=(rule,))), rule)
    base = add(Base(reference="b", source="embedded", files={"w": SOURCE}, architecture="llama", licence=None))
    questions = evaluation_set(rows)
    dataset, examples = add(questions), questions[1]["examples"]
    champion = add(scored(add(answers(base, None, dataset, examples, -1)), rows, rng))
    for number in range(adapters):
        training_set, adapter_on = trained(base, dataset, number)
        adapter = add(adapter_on(add(training_set)))
        candidate = add(scored(add(answers(base, adapter, dataset, examples, number)), rows, rng))
        add(decided(policy, candidate, champion, adapter))
        if (number + 1) % 100 == 0:
            print(f"  built {number + 1} of {adapters} adapters", flush=True)
    session.close()


def append(ledger: Ledger) -> float:
    """Seconds for one evaluation of many rows, which is made outside the clock; the median of three."""
    rng, seconds = np.random.default_rng(1), []
    responses = ledger.entries("responses")[0].id
    for _ in range(3):
        record, tables = scored(responses, BIG, rng)
        seconds.append(timed(lambda: ledger.append(record, rows=tables))[0])  # noqa: B023 - called at once
    return sorted(seconds)[1]


def trace(ledger: Ledger, decision: str) -> int:
    """Open one number of a decision: both sides' rows, and the ten worst with question and answers."""
    record: Any = ledger.get(decision).record
    sides = []
    for evaluation in (record.candidate, record.champion):
        entry = ledger.get(evaluation)
        found: Any = entry.record
        one = found.measurements[0]
        stats, _ = scores(ledger.table(entry, "scores"), 0, one.rows, len(one.components))
        answered = ledger.get(found.responses)
        sides.append((stats, ledger.table(answered, "responses")["response"], answered.record))
    (candidate, said, answered), (champion, said_before, _) = sides
    worst = np.argsort(candidate[:, 0] - champion[:, 0])[:10]
    examples = examples_of(ledger.table(ledger.get(answered.dataset), "examples"))
    return len([(examples[row].question, said[row], said_before[row]) for row in worst])


def missing_files(problems: list[Any]) -> bool:
    """Whether that is all that is wrong: this ledger's adapters and training sets have no files."""
    return all("no such file" in problem.what for problem in problems)


def mlflow_store(directory: Path) -> Iterator[tuple[str, float]]:
    """Seconds in which MLflow logs one evaluation, and reads it back; nothing where it is not installed."""
    try:
        import mlflow
        import pandas as pd
    except ImportError:
        print("MLflow is not installed: pip install mlflow-skinny sqlalchemy alembic")
        return
    os.environ["MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR"] = "false"
    logging.disable(logging.WARNING)
    mlflow.set_tracking_uri(f"sqlite:///{directory}/mlflow.db")
    mlflow.set_experiment(experiment_id=mlflow.create_experiment("e", artifact_location=str(directory / "files")))
    rng = np.random.default_rng(1)
    columns = [f"{name} {number}" for name, k in METRICS.items() for number in range(k)]
    table = pd.DataFrame(rng.random((BIG, len(columns))), columns=columns)

    def log() -> str:
        with mlflow.start_run() as run:
            mlflow.log_metrics(dict.fromkeys(METRICS, 0.5))
            mlflow.log_table(table, "scores.parquet")
        return str(run.info.run_id)

    logged = sorted((timed(log) for _ in range(3)), key=lambda found: found[0])[1]
    yield "log", logged[0]
    yield "read", timed(lambda: mlflow.load_table("scores.parquet", run_ids=[logged[1]]))[0]


def line(what: str, value: float, unit: str, target: float, at_least: bool = False) -> bool:
    """Print a figure beside its target, and say whether it is reached."""
    reached = value >= target if at_least else value <= target
    words = "at least" if at_least else "at most"
    print(f"{what:58s}{value:9.3f} {unit:18s}{words} {target:g}{'' if reached else '   MISSED'}", flush=True)
    return reached


def measure(directory: Path, adapters: int, rows: int) -> bool:
    """Build where there is none, measure everything, and say whether all targets are reached."""
    path = directory / "ledger.duckdb"
    if not path.exists():
        seconds, _ = timed(lambda: build(path, adapters, rows))
        print(f"built in {seconds:.0f} s")
    ledger = Ledger(path)
    decisions = ledger.entries("decision")
    evaluations = ledger.entries("evaluation")
    total = sum(one.scored for entry in evaluations for one in entry.record.measurements)  # type: ignore[attr-defined]
    size = path.stat().st_size / 1e6
    print(f"{len(decisions)} adapters, {total / 1e6:.1f} million scores, {size:.0f} MB on disk")
    middle: Any = decisions[len(decisions) // 2].record
    aggregates = {f"m/{name}": Aggregate(ratio, SOURCE, {"source": SOURCE}) for name in METRICS}
    seconds, problems = timed(lambda: verify_ledger(ledger, aggregates=aggregates, artefacts=directory))
    sound = missing_files(problems)
    print(f"verified: {'sound' if sound else problems[0]}")
    reached = [
        sound,
        line("verify", total / 1e6 / seconds, "million scores/s", VERIFY, at_least=True),
        line("trace of a number to its ten worst rows", timed(lambda: trace(ledger, middle.id))[0], "s", TRACE),
        line("lineage of an adapter", timed(lambda: ledger.lineage(middle.adapter))[0], "s", LINEAGE),
    ]
    seconds = append(ledger)
    reached.append(line(f"append of an evaluation, {BIG} rows x {len(METRICS)} metrics", seconds, "s", APPEND))
    appended = ledger.entries("evaluation")[-1]
    reading, _ = timed(lambda: ledger.table(appended, "scores"))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000
    reached.append(line("memory at its peak, building included", peak, "MB", MEMORY))
    for (what, peer), ours in zip(mlflow_store(directory), (seconds, reading), strict=False):
        print(
            f"MLflow, {what} the same evaluation: {peer:.3f} s; the ledger {ours:.3f} s, {ours / peer:.1f} times that"
        )
    return all(reached)


def main() -> None:
    """Print all figures; with --check, exit with 1 where one is missed."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--check", action="store_true", help="exit with 1 where a figure is missed")
    parser.add_argument("--adapters", type=int, default=1000)
    parser.add_argument("--rows", type=int, default=1667)
    parser.add_argument("--keep", type=Path, help="where to keep the ledger, and to take it from the next time")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        directory = options.keep or Path(temporary)
        directory.mkdir(exist_ok=True)
        reached = measure(directory, options.adapters, options.rows)
    if options.check and not reached:
        sys.exit(1)


if __name__ == "__main__":
    main()
