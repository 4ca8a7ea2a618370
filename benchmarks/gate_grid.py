"""The grid that the gate's methods are chosen on: weights, clusters, skew, rows that differ, numbers of rows.

A setting is named by its family and what is varied in it. Noise that is called bad has its long tail where the
candidate is worse: it has lost much on a few rows, which a sample may not have.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from itertools import product

import numpy as np
from gate_settings import Rows, Setting, mean, perplexity, rows_of
from scipy.special import ndtri

from qlora_gov.stats import VALUE, Hypothesis, no_worse

Noise = Callable[[np.random.Generator, int], np.ndarray]


def lognormal(rng: np.random.Generator, n: int, sigma: float) -> np.ndarray:
    """Lognormal numbers of mean 0 and standard deviation 1."""
    spread = math.sqrt(math.expm1(sigma**2) * math.exp(sigma**2))
    return (rng.lognormal(0, sigma, n) - math.exp(sigma**2 / 2)) / spread


GOOD_WHEN_POSITIVE: dict[str, Noise] = {
    "normal": lambda rng, n: rng.normal(size=n),
    "heavy tails": lambda rng, n: rng.standard_t(3, n) / math.sqrt(3),
    "bad exponential": lambda rng, n: 1 - rng.exponential(size=n),
    "bad lognormal": lambda rng, n: -lognormal(rng, n, 1.0),
    "good lognormal": lambda rng, n: lognormal(rng, n, 1.0),
    "bad lognormal 1.5": lambda rng, n: -lognormal(rng, n, 1.5),
}
"""Of mean 0 and standard deviation 1."""

TOKENS: dict[str, Noise] = {
    "5 to 60": lambda rng, n: rng.integers(5, 61, n).astype(float),
    "lognormal 0.5": lambda rng, n: np.ceil(rng.lognormal(3, 0.5, n)),
    "lognormal 1": lambda rng, n: np.ceil(rng.lognormal(3, 1.0, n)),
    "lognormal 1.5": lambda rng, n: np.ceil(rng.lognormal(3, 1.5, n)),
    "a tenth ten times as long": lambda rng, n: np.where(rng.random(n) < 0.1, 200.0, 20.0),
    "3% thirty times as long": lambda rng, n: np.where(rng.random(n) < 0.03, 600.0, 20.0),
}


def mean_log_length(tokens: str) -> float:
    """The mean logarithm of a row's length where rows weigh as they are long."""
    many = TOKENS[tokens](np.random.default_rng(1), 4_000_000)
    return float((many * np.log(many)).sum() / many.sum())


def weighted() -> Iterator[Setting]:
    """Perplexity over rows of unequal length; on some, long rows are worse and short ones better."""
    hypothesis = no_worse(0.05, "relative", False)

    def one(tokens: str, noise: str, by_length: float) -> Setting:
        centre = mean_log_length(tokens) if by_length else 0.0

        def draw(rng: np.random.Generator, n: int, differs: bool) -> Rows:
            length = TOKENS[tokens](rng, n)
            worse = -0.25 * GOOD_WHEN_POSITIVE[noise](rng, n) + by_length * (np.log(length) - centre)
            baseline = rng.lognormal(0, 0.5, n) + 5
            candidate = baseline + worse + hypothesis.limit * differs
            return rows_of(candidate * length, length), rows_of(baseline * length, length)

        what = f"{noise}, worse with length" if by_length else noise
        rare = tokens.startswith("3%")
        return Setting(
            f"g tokens {tokens}, {what}",
            hypothesis,
            hypothesis.limit,
            draw,
            aggregate=perplexity,
            higher=False,
            continuous=False,
            sizes=(200, 1000) if rare else (60, 100, 200, 1000),
            known=rare and bool(by_length),
        )

    for tokens in TOKENS:
        for noise in ("normal", "heavy tails", "bad exponential", "bad lognormal", "good lognormal"):
            yield one(tokens, noise, 0.0)
        yield one(tokens, "normal", 0.2)


SIZES: dict[str, Callable[[np.random.Generator, int], np.ndarray]] = {
    "ten rows each": lambda rng, m: np.full(m, 10),
    "lognormal 0.5": lambda rng, m: np.maximum(1, np.rint(rng.lognormal(2, 0.5, m))).astype(int),
    "lognormal 1": lambda rng, m: np.maximum(1, np.rint(rng.lognormal(2, 1.0, m))).astype(int),
    "Zipf": lambda rng, m: np.maximum(1, np.rint(5 * m / np.arange(1, m + 1) / math.log(m))).astype(int),
    "one of half": lambda rng, m: np.append(np.full(m - 1, 5), 5 * (m - 1)),
}


def clustered() -> Iterator[Setting]:
    """Scores whose differences are shared in part within clusters, and skewed there."""
    hypothesis = no_worse(0.05, "absolute", True)

    def one(sizes: str, noise: str, shared: float) -> Setting:
        def draw(rng: np.random.Generator, n: int, differs: bool) -> tuple[np.ndarray, ...]:
            clusters = np.repeat(np.arange(n), SIZES[sizes](rng, n))
            of_cluster = GOOD_WHEN_POSITIVE[noise](rng, n)[clusters]
            of_row = rng.normal(size=clusters.size)
            better = 0.15 * (math.sqrt(shared) * of_cluster + math.sqrt(1 - shared) * of_row)
            baseline = rng.normal(0.5, 0.2, clusters.size)
            return rows_of(baseline + better - 0.05 * differs), rows_of(baseline), clusters

        return Setting(
            f"h clusters of {sizes}, {noise}, {shared:g} shared",
            hypothesis,
            -0.05,
            draw,
            continuous=False,
            sizes=(10, 20, 40, 100),
            known=noise == "bad lognormal 1.5",
        )

    for sizes, noise, shared in product(SIZES, ("normal", "bad exponential", "bad lognormal"), (0.3, 1.0)):
        yield one(sizes, noise, shared)
    yield one("ten rows each", "bad lognormal 1.5", 0.3)


def relative_shares() -> Iterator[Setting]:
    """Right or wrong answers under a relative margin, of a metric that does not say so; few rows differ."""

    def one(share: float, gained: float, margin: float, higher: bool) -> Setting:
        hypothesis = no_worse(margin, "relative", higher)
        loss = share * margin * (1 if higher else -1)

        def draw(rng: np.random.Generator, n: int, differs: bool) -> Rows:
            back, forth = gained + max(loss, 0) * differs, gained + max(-loss, 0) * differs
            row = rng.random(n)
            baseline, lost = row < share, row < back
            candidate = (baseline & ~lost) | ((row >= share) & (row < share + forth))
            return rows_of(candidate.astype(float)), rows_of(baseline.astype(float))

        kind = "right" if higher else "wrong"
        return Setting(
            f"i {share:.0%} {kind}, margin {margin:.0%}, {gained:.1%} turn either way",
            hypothesis,
            0.0 if higher else hypothesis.limit,
            draw,
            continuous=False,
            higher=higher,
            sizes=(50, 100, 200, 1000),
        )

    for share, gained, margin in product((0.3, 0.5, 0.8, 0.95), (0.0, 0.002, 0.01, 0.05), (0.02, 0.05, 0.1)):
        if gained <= 1 - share:
            yield one(share, gained, margin, True)
    for share, gained, margin in product((0.1, 0.3), (0.0, 0.01, 0.05), (0.1, 0.2)):
        yield one(share, gained, margin, False)


def shares() -> Iterator[Setting]:
    """Right or wrong answers where rows are only lost, at margins around the least that no discordant row clears."""
    z2 = float(ndtri(0.05) ** 2)
    for n, times in product((51, 75, 200, 1000), (0.9, 1.01, 1.15, 2.0, 5.0)):
        margin = times * z2 / (n + z2)
        yield lost_rows(margin, 0.0, n, f"{times:g} times z^2 / (n + z^2), none gained")
        yield lost_rows(margin, margin / 2, n, f"{times:g} times z^2 / (n + z^2), some gained")


def lost_rows(margin: float, gained: float, n: int, name: str) -> Setting:
    """Rows lost and gained with chances that differ by the margin."""

    def draw(rng: np.random.Generator, size: int, differs: bool) -> Rows:
        row = rng.random(size)
        lost, won = row < gained + margin * differs, row > 1 - gained
        candidate, baseline = ~lost & (row > 0.3), (row > 0.3) & ~won | lost
        return rows_of(candidate.astype(float)), rows_of(baseline.astype(float))

    hypothesis = no_worse(margin, "absolute", True)
    return Setting(
        f"j margin {name}, of {n} rows", hypothesis, -margin, draw, binary=True, continuous=False, sizes=(n,)
    )


def clustered_shares() -> Iterator[Setting]:
    """Right or wrong answers in clusters, of which a share differs."""

    def one(sizes: str, share: float, differing: float) -> Setting:
        def draw(rng: np.random.Generator, n: int, differs: bool) -> tuple[np.ndarray, ...]:
            clusters = np.repeat(np.arange(n), SIZES[sizes](rng, n))
            own = rng.random(clusters.size)
            row = np.where(rng.random(clusters.size) < math.sqrt(share), rng.random(n)[clusters], own)
            lost = row < differing / 2 + 0.025 * differs
            right, turned = row > 0.6, row < differing
            candidate, baseline = right | (turned & ~lost), right | lost
            return rows_of(candidate.astype(float)), rows_of(baseline.astype(float)), clusters

        return Setting(
            f"k clusters of {sizes}, {differing:.0%} discordant, {share:g} shared",
            no_worse(0.05, "absolute", True),
            -0.05,
            draw,
            continuous=False,
            sizes=(10, 20, 40, 100),
        )

    for sizes, share, differing in product(SIZES, (0.3, 1.0), (0.06, 0.2)):
        yield one(sizes, share, differing)


def partial_credit() -> Iterator[Setting]:
    """Scores that are the same on most rows, and move by a quarter to one on the others."""

    def one(differing: float, margin: float) -> Setting:
        def draw(rng: np.random.Generator, n: int, differs: bool) -> Rows:
            up = rng.random(n) < 0.5 - differs * margin / differing / 1.25
            credit = rng.integers(1, 5, n) / 4
            baseline = rng.random(n)
            moved = np.where(rng.random(n) < differing, np.where(up, credit, -credit), 0.0)
            return rows_of(baseline + moved), rows_of(baseline)

        name = f"l partial credit, {differing:.0%} differ, margin {margin:g}"
        return Setting(name, no_worse(margin, "absolute", True), -margin, draw, continuous=False)

    for differing, margin in ((0.02, 0.005), (0.05, 0.01), (0.1, 0.02), (0.2, 0.02), (0.2, 0.05), (0.5, 0.05)):
        yield one(differing, margin)


def limits() -> Iterator[Setting]:
    """Limits on the candidate's value: rates in clusters whose rows agree in part, and skewed means."""

    def rate(sizes: str, share: float, limit: float) -> Setting:
        def draw(rng: np.random.Generator, n: int, differs: bool) -> tuple[np.ndarray, ...]:
            clusters = np.repeat(np.arange(n), SIZES[sizes](rng, n))
            own = rng.random(clusters.size)
            row = np.where(rng.random(clusters.size) < math.sqrt(share), rng.random(n)[clusters], own)
            flagged = rows_of((row < limit * (1 if differs else 0.4)).astype(float))
            return flagged, flagged, clusters

        name = f"m rate of {limit:.0%}, clusters of {sizes}, {share:g} shared"
        hypothesis = Hypothesis(VALUE, limit, above=False)
        return Setting(name, hypothesis, limit, draw, binary=True, continuous=False, sizes=(20, 40, 200))

    def average(name: str, drawn: Noise, truth: float, above: bool) -> Setting:
        def draw(rng: np.random.Generator, n: int, differs: bool) -> Rows:
            better = 0.8 if not above else 1.2
            scores = rows_of(drawn(rng, n) * (1 if differs else better))
            return scores, rows_of(rng.random(n))

        hypothesis = Hypothesis(VALUE, truth, above)
        return Setting(f"m {name}", hypothesis, truth, draw, aggregate=mean, continuous=False, higher=above)

    for sizes, share, limit in product(("ten rows each", "lognormal 1", "Zipf"), (0.3, 1.0), (0.03, 0.2)):
        yield rate(sizes, share, limit)
    yield average("mean of toxicity scores, at most", lambda rng, n: rng.beta(0.2, 1.8, n), 0.1, False)
    yield average("mean of exponential losses, at most", lambda rng, n: rng.exponential(size=n), 1.0, False)
    yield average("mean of quality scores, at least", lambda rng, n: rng.beta(4, 1, n), 0.8, True)


def grid_settings() -> Iterator[Setting]:
    """All of the grid."""
    yield from weighted()
    yield from clustered()
    yield from relative_shares()
    yield from shares()
    yield from clustered_shares()
    yield from partial_credit()
    yield from limits()
