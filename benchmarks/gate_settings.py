"""What the calibration simulates: paired rows whose true contrast is known, and lies exactly on the margin."""

from __future__ import annotations

import csv
import math
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from qlora_gov import Comparison, EvaluatedRow, Example, Message, MetricTraits
from qlora_gov.stats import Hypothesis, no_worse

DATA = Path(os.environ.get("QLORA_GOV_DATA", Path(__file__).parent.parent.parent / "shared" / "data"))
ALPHA, CLUSTER = 0.05, 10
Rows = tuple[np.ndarray, np.ndarray]
"""Candidate and champion statistics, each [rows, k]."""
Draw = Callable[[np.random.Generator, int, bool], tuple[np.ndarray, ...]]
"""``draw(rng, n, differs)``: rows exactly on the margin where ``differs``, of equal systems where not.

Candidate and champion statistics and, where rows are not independent, the cluster of each row.
"""


def mean(sums):
    """Sum over count."""
    return sums[..., 0] / sums[..., 1]


def perplexity(sums):
    """From summed losses and tokens."""
    return np.exp(sums[..., 0] / sums[..., 1])


@dataclass(frozen=True)
class Setting:
    """A kind of rows, with the hypothesis on them and its true contrast.

    ``sizes`` are the numbers of rows, or of clusters, to draw it at; none: those of the benchmark. One that is
    ``known`` to lie beyond what the methods hold for is printed, and not checked.
    """

    name: str
    hypothesis: Hypothesis
    truth: float
    draw: Draw
    binary: bool = False
    aggregate: Callable = mean
    continuous: bool = True
    higher: bool = True
    theory: Callable[[int], float] | None = None
    sizes: tuple[int, ...] | None = None
    known: bool = False

    def compare(self, rng: np.random.Generator, n: int, differs: bool) -> Comparison:
        """Draw a comparison of n rows, or clusters."""
        candidate, baseline, *clusters = self.draw(rng, n, differs)
        traits = MetricTraits(self.name, self.higher, "absolute", self.binary, self.aggregate)
        return Comparison(traits, candidate, baseline, clusters[0] if clusters else np.arange(len(candidate)))


def rows_of(values: np.ndarray, counts: np.ndarray | float = 1.0) -> np.ndarray:
    """(value, count) for each row."""
    return np.column_stack([values, np.broadcast_to(counts, values.shape)])


def binary(discordance: float, margin: float, name: str, clustered: bool = False) -> Setting:
    """(a) Right or wrong answers, of which a share differs between the systems."""

    def draw(rng: np.random.Generator, n: int, differs: bool) -> tuple[np.ndarray, ...]:
        lost = discordance / 2 + (margin / 2 if differs else 0)
        row = rng.random(n) if not clustered else clustered_uniforms(rng, n)
        baseline = (row < lost) | (row >= 1 - 0.7 * (1 - discordance))
        candidate = ((row >= lost) & (row < discordance)) | (row >= 1 - 0.7 * (1 - discordance))
        rows = rows_of(candidate.astype(float)), rows_of(baseline.astype(float))
        return (*rows, in_tens(n)) if clustered else rows

    return Setting(name, no_worse(margin, "absolute", True), -margin, draw, binary=True, continuous=False)


def in_tens(n: int) -> np.ndarray:
    """Clusters of ten rows."""
    return np.arange(n) // CLUSTER


def clustered_uniforms(rng: np.random.Generator, n: int, correlation: float = 0.3) -> np.ndarray:
    """Uniform numbers of which two in a cluster are the same with a chance of ``correlation``."""
    shared = np.repeat(rng.random(math.ceil(n / CLUSTER)), CLUSTER)[:n]
    return np.where(rng.random(n) < math.sqrt(correlation), shared, rng.random(n))


def rouge(margin: float = 0.02) -> Setting:
    """(b) Scores of which 40% are zero, the same rows for both systems but for one in eight."""
    share, shape = 0.6, (2.0, 3.0)

    def draw(rng: np.random.Generator, n: int, differs: bool) -> Rows:
        hit = rng.random(n) < share
        candidate_hit = np.where(rng.random(n) < 0.125, rng.random(n) < share, hit)
        baseline = rng.beta(*shape, n)
        candidate = np.where(rng.random(n) < 0.5, baseline, rng.beta(*shape, n))
        loss = margin / (share * shape[0] / sum(shape)) if differs else 0.0
        return rows_of(candidate * candidate_hit * (1 - loss)), rows_of(baseline * hit)

    return Setting("b rouge, 40% zeros", no_worse(margin, "absolute", True), -margin, draw)


def normal(margin: float = 0.02, spread: float = 0.15) -> Setting:
    """Means with normal differences: the case that has a theory for its power."""

    def draw(rng: np.random.Generator, n: int, differs: bool) -> Rows:
        baseline = rng.normal(0.5, 0.2, n)
        return rows_of(baseline + rng.normal(-margin * differs, spread, n)), rows_of(baseline)

    def power(n: int) -> float:
        from scipy import stats as theory

        noncentrality = margin / spread * math.sqrt(n)
        return float(theory.nct.sf(theory.t.ppf(1 - ALPHA, n - 1), n - 1, noncentrality))

    return Setting("n normal differences", no_worse(margin, "absolute", True), -margin, draw, theory=power)


def bleu() -> Setting:
    """(c) Counts of real sentences against themselves with words replaced, drawn from a population of known BLEU."""
    from qlora_gov_metrics.bleu import Bleu, BleuSettings

    metric = Bleu(BleuSettings())
    baseline, candidate = bleu_population(metric, (0.15, 0.18))
    equal = bleu_population(metric, (0.15, 0.15))
    margin = float(metric.aggregate(baseline.sum(0)) - metric.aggregate(candidate.sum(0)))

    def draw(rng: np.random.Generator, n: int, differs: bool) -> Rows:
        first, second = (baseline, candidate) if differs else equal
        chosen = rng.integers(len(first), size=n)
        swap = (rng.random(n) < 0.5)[:, None] & (not differs)
        return np.where(swap, first[chosen], second[chosen]), np.where(swap, second[chosen], first[chosen])

    return Setting(
        f"c BLEU, margin {margin:.1f}", no_worse(margin, "absolute", True), -margin, draw, aggregate=metric.aggregate
    )


def bleu_population(metric, shares: tuple[float, float]) -> Rows:
    """BLEU counts of two systems over the queries of banking77, each with a share of words replaced."""
    with (DATA / "banking77" / "test.csv").open(encoding="utf-8", newline="") as stream:
        texts = [row["text"] for row in csv.DictReader(stream)]
    rng = np.random.default_rng(5)
    words = np.array(" ".join(texts).split())

    def answer(text: str, share: float) -> str:
        return " ".join(rng.choice(words) if rng.random() < share else word for word in text.split())

    def counts(share: float) -> np.ndarray:
        examples = [Example(messages=(Message(role="assistant", content=t),), group=t, source="bench") for t in texts]
        answers = [EvaluatedRow(example, response=answer(example.reference, share)) for example in examples]
        return metric.score(answers)[0]

    return counts(shares[0]), counts(shares[1])


def paired_losses(sigma: float) -> Setting:
    """(d) Lognormal losses of rows of 5 to 60 tokens; the candidate's are the champion's times a noisy factor."""
    hypothesis = no_worse(0.05, "relative", False)

    def draw(rng: np.random.Generator, n: int, differs: bool) -> Rows:
        tokens = rng.integers(5, 61, n).astype(float)
        baseline = rng.lognormal(0, sigma, n)
        worse = 1 + differs * hypothesis.limit / math.exp(sigma**2 / 2)
        candidate = baseline * worse * rng.lognormal(-(0.2**2) / 2, 0.2, n)
        return rows_of(candidate * tokens, tokens), rows_of(baseline * tokens, tokens)

    return Setting(
        f"d perplexity, paired, sigma {sigma}", hypothesis, hypothesis.limit, draw, aggregate=perplexity, higher=False
    )


def skewed_losses(sigma: float, spread: float = 0.25) -> Setting:
    """(d), the hard case: the *differences* are lognormal, most rows a little better and a few much worse."""
    hypothesis = no_worse(0.05, "relative", False)
    scale = spread / math.sqrt(math.expm1(sigma**2) * math.exp(sigma**2))

    def draw(rng: np.random.Generator, n: int, differs: bool) -> Rows:
        baseline = rng.lognormal(0, 0.5, n) + 2
        extra = scale * (rng.lognormal(0, sigma, n) - math.exp(sigma**2 / 2))
        return rows_of(baseline + extra + hypothesis.limit * differs), rows_of(baseline)

    return Setting(
        f"d perplexity, skewed, sigma {sigma}", hypothesis, hypothesis.limit, draw, aggregate=perplexity, higher=False
    )


def clustered_scores(margin: float = 0.05, spread: float = 0.2, correlation: float = 0.3) -> Setting:
    """(e) Ten rows a cluster, with intracluster correlation of the differences."""

    def draw(rng: np.random.Generator, n: int, differs: bool) -> tuple[np.ndarray, ...]:
        shared = np.repeat(rng.normal(size=math.ceil(n / CLUSTER)), CLUSTER)[:n]
        noise = spread * (math.sqrt(correlation) * shared + math.sqrt(1 - correlation) * rng.normal(size=n))
        baseline = rng.normal(0.5, 0.2, n)
        return rows_of(baseline + noise - margin * differs), rows_of(baseline), in_tens(n)

    return Setting("e clustered scores", no_worse(margin, "absolute", True), -margin, draw)


def near_identical(share: float = 0.05) -> Setting:
    """(f) A relative margin, and a candidate that is the champion times a constant but for a little noise."""

    def draw(rng: np.random.Generator, n: int, differs: bool) -> Rows:
        baseline = rng.beta(2, 2, n)
        candidate = baseline * (1 - share * differs) + rng.normal(0, 0.005, n)
        return rows_of(candidate), rows_of(baseline)

    return Setting("f relative, near identical", no_worse(share, "relative", True), 0.0, draw)


def near_identical_binary(share: float = 0.05, accuracy: float = 0.8, flips: float = 0.02) -> Setting:
    """(f) The same for right or wrong answers."""

    def draw(rng: np.random.Generator, n: int, differs: bool) -> Rows:
        baseline = rng.random(n) < accuracy
        lost = flips + share * differs
        row = rng.random(n)
        candidate = np.where(baseline, row >= lost, row < flips * accuracy / (1 - accuracy))
        return rows_of(candidate.astype(float)), rows_of(baseline.astype(float))

    return Setting("f relative, binary", no_worse(share, "relative", True), 0.0, draw, binary=True, continuous=False)


def playbook_settings() -> Iterator[Setting]:
    """What projects look like: the documentation's table has each of them."""
    for discordance in (0.02, 0.1, 0.3):
        yield binary(discordance, discordance / 2, f"a binary, {discordance:.0%} discordant")
    yield rouge()
    yield bleu()
    for sigma in (0.5, 1.0, 1.5):
        yield paired_losses(sigma)
        yield skewed_losses(sigma)
    yield clustered_scores()
    yield binary(0.2, 0.05, "e clustered binary, 20% discordant", clustered=True)
    yield near_identical()
    yield near_identical_binary()
    yield normal()
