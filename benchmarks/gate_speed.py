"""How fast the engine in qlora_gov.stats is, beside scipy's and sacrebleu's paired bootstraps, in one run.

    OMP_NUM_THREADS=1 python benchmarks/gate_speed.py [--check] [--rows 10000] [--metrics 20] [--bleu-rows 5000]

The comparisons get the same rows and the same number of resamples as the engine. scipy runs its default method (BCa,
of the same order of accuracy as the engine's) in batches that fit into memory; sacrebleu tokenises, the engine reads
stored counts.
"""

from __future__ import annotations

import argparse
import csv
import os
import resource
import sys
import time
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from gate_ledger import Stored, decide_stored, store

from qlora_gov import Comparison, EvaluatedRow, Example, Message, MetricTraits
from qlora_gov.records import Decision
from qlora_gov.stats import DIFFERENCE, estimate_all, resampling

DATA = Path(os.environ.get("QLORA_GOV_DATA", Path(__file__).parent.parent.parent / "shared" / "data"))
MEANS, BLEU, SECONDS, MEMORY = 50, 25, 1.0, 1000
"""What must be reached: times scipy, times sacrebleu, seconds for a decision, megabytes."""
MARGIN = 0.02


def timed(work: Callable[[], Any]) -> tuple[float, Any]:
    """Seconds, and what came of them."""
    start = time.perf_counter()
    result = work()
    return time.perf_counter() - start, result


def median_of_three(work: Callable[[], Any]) -> tuple[float, Any]:
    """The same for what is over too soon to be timed once."""
    return sorted((timed(work) for _ in range(3)), key=lambda run: run[0])[1]


def mean(sums):
    """Sum over count."""
    return sums[..., 0] / sums[..., 1]


def mean_comparisons(rows: int, metrics: int) -> list[Comparison]:
    """Scores of two systems on as many metrics."""
    rng = np.random.default_rng(0)
    ones, clusters = np.ones(rows), np.arange(rows)
    comparisons = []
    for metric in range(metrics):
        baseline = rng.random(rows)
        candidate = baseline + rng.normal(0, 0.1, rows)
        traits = MetricTraits(f"metric {metric}", True, "absolute", False, mean)
        pairs = (np.column_stack([scores, ones]) for scores in (candidate, baseline))
        comparisons.append(Comparison(traits, *pairs, clusters))
    return comparisons


def differences(comparisons: list[Comparison]) -> list[tuple[float, float]]:
    """The engine's intervals, all by one product; nothing kept from earlier."""
    resampling._weights.cache_clear()
    return [found.interval(0.95) for found in estimate_all([(one, DIFFERENCE) for one in comparisons])]


def scipy_intervals(comparisons: list[Comparison]) -> list[tuple[float, float]]:
    """The same from scipy, metric by metric."""
    from scipy.stats import bootstrap

    def difference(candidate, baseline, axis):
        return candidate.mean(axis=axis) - baseline.mean(axis=axis)

    ends = []
    for one in comparisons:
        scores = (one.candidate[:, 0], one.baseline[:, 0])
        found = bootstrap(scores, difference, paired=True, n_resamples=resampling.RESAMPLES, batch=100, rng=1)
        ends.append(tuple(found.confidence_interval))
    return ends


def texts(rows: int) -> tuple[list[str], list[str], list[str]]:
    """References and two systems' answers: queries of banking77, with words replaced."""
    with (DATA / "banking77" / "train.csv").open(encoding="utf-8", newline="") as stream:
        references = [row["text"] for row in csv.DictReader(stream)][:rows]
    rng = np.random.default_rng(0)
    words = np.array(" ".join(references).split())

    def answers(share: float) -> list[str]:
        return [
            " ".join(rng.choice(words) if rng.random() < share else word for word in text.split())
            for text in references
        ]

    return references, answers(0.15), answers(0.16)


def bleu_comparison(references: list[str], candidate: list[str], baseline: list[str]) -> Comparison:
    """Stored counts."""
    from qlora_gov_metrics.bleu import Bleu, BleuSettings

    metric = Bleu(BleuSettings())
    examples = [Example(messages=(Message(role="assistant", content=t),), group=t, source="bench") for t in references]

    def counts(answers: list[str]) -> np.ndarray:
        return metric.score([EvaluatedRow(e, response=a) for e, a in zip(examples, answers, strict=True)])[0]

    traits = MetricTraits("bleu", True, "absolute", False, metric.aggregate)
    return Comparison(traits, counts(candidate), counts(baseline), np.arange(len(references)))


def sacrebleu_test(references: list[str], candidate: list[str], baseline: list[str]) -> Any:
    """Its paired bootstrap."""
    from sacrebleu.metrics import BLEU
    from sacrebleu.significance import PairedTest

    systems = [("champion", baseline), ("candidate", candidate)]
    test = PairedTest(systems, {"BLEU": BLEU()}, [references], test_type="bs", n_samples=resampling.RESAMPLES)
    return test()


def decision(stored: Stored) -> Decision:
    """A rule for each metric, from rows in the ledger to verdicts; nothing kept from earlier."""
    resampling._weights.cache_clear()
    return decide_stored(stored)


def main() -> int:
    """Print the figures; with --check, 1 where one is missed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=10_000)
    parser.add_argument("--metrics", type=int, default=20)
    parser.add_argument("--bleu-rows", type=int, default=5_000)
    parser.add_argument("--check", action="store_true", help="exit with 1 where a figure is missed")
    asked = parser.parse_args()

    comparisons = mean_comparisons(asked.rows, asked.metrics)
    means, ours = median_of_three(lambda: differences(comparisons))
    references, candidate, baseline = texts(asked.bleu_rows)
    counts = bleu_comparison(references, candidate, baseline)
    bleu, _ = median_of_three(lambda: differences([counts]))
    with TemporaryDirectory() as directory:
        stored = store(Path(directory) / "ledger.duckdb", mean_comparisons(1_000, 20), MARGIN)
        gate, decided = median_of_three(lambda: decision(stored))
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000
    scipy_means, theirs = timed(lambda: scipy_intervals(comparisons))
    sacrebleu, _ = timed(lambda: sacrebleu_test(references, candidate, baseline))

    apart = max(abs(low - x) / (y - x) for (low, _), (x, y) in zip(ours, theirs, strict=True))
    print(f"{resampling.RESAMPLES:,} resamples x {asked.rows:,} rows x {asked.metrics} means")
    print(f"  engine {means:7.2f} s   scipy {scipy_means:7.2f} s   {scipy_means / means:5.1f} times")
    print(f"  lower ends differ by at most {apart:.3f} of the interval's length")
    print(f"BLEU, {resampling.RESAMPLES:,} resamples x {asked.bleu_rows:,} rows")
    print(f"  engine {bleu:7.2f} s   sacrebleu {sacrebleu:7.2f} s   {sacrebleu / bleu:5.1f} times")
    print(f"20 rules on 1,000 rows of a ledger: {gate:.2f} s, {decided.outcome.lower()}")
    print(f"peak memory of the engine's part: {memory:.0f} MB")
    reached = scipy_means >= MEANS * means and sacrebleu >= BLEU * bleu and gate < SECONDS and memory < MEMORY
    return 1 if asked.check and not reached else 0


if __name__ == "__main__":
    sys.exit(main())
