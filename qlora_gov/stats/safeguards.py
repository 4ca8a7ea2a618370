"""What a bootstrap bound takes on top where its sample may not show how skewed the rows are, by revision.

The bootstrap leaves terms in s^2, s the skewness over the square root of the clusters, and a sample understates its own
skewness. The factors here have no source but simulation: ``benchmarks/gate_calibration.py`` repeats it.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.special import ndtri

from qlora_gov.stats.clusters import Floats
from qlora_gov.stats.jackknife import Jackknife
from qlora_gov.stats.results import Caution
from qlora_gov.stats.samples import Sample, effective_clusters

SKEW_LIMIT = 0.2
"""Beyond this, simulated bounds missed by more than .06 at alpha .05; Cantelli's inequality decides instead."""
FEWEST_CLUSTERS = 5
"""Fewer independent clusters, or clusters that say anything of their own, tell too little of the spread."""
FEWEST_EFFECTIVE = 10
"""Fewer clusters of equal weight show too little of a skew that they may have."""
FIRST_LONG, LONG, SHORT = 2.5, 5.0, 0.7
"""How much wider a bound gets with s^2, on the side of the longer tail and on the other."""
FEW = 5.0
"""How much wider a bound gets over the number of clusters of equal weight."""


@dataclass(frozen=True)
class Safeguard:
    """``widening(side, tail)`` multiplies a bound's distance, of -1 or 1, at the one-sided level ``tail``."""

    degrees: float
    widening: Callable[[int, float], float]
    caution: Caution | None


def by_skewness(found: Jackknife, sample: Sample) -> Safeguard:
    """Revision 1: by the skewness of the clusters' influence alone."""

    def widening(side: int, tail: float) -> float:
        skew = side * found.skew
        return 1 + (FIRST_LONG if skew > 0 else SHORT) * skew**2

    return Safeguard(found.influence.size - 1, widening, _of_few(found) or _of_skew(found))


def by_weight(found: Jackknife, sample: Sample) -> Safeguard:
    """Revision 2: by the number of clusters of equal weight, too, and by skewness relative to the weights.

    Where few clusters weigh much, what these few happen to be hides how skewed all are. The second and third order of
    what the bootstrap leaves grow with the square of the quantile, and so does the widening.
    """
    effective, skews = effective_clusters(sample.weights), (found.skew, _relative_skew(found, sample.weights))

    def widening(side: int, tail: float) -> float:
        squares = max((LONG if side * skew > 0 else SHORT) * skew**2 for skew in skews)
        return 1 + (squares + FEW / effective) * float(ndtri(tail) / ndtri(0.05)) ** 2

    caution = _of_few(found) or _of_weight(effective, found.influence.size) or _of_skew(found)
    return Safeguard(max(effective - 1, 1.0), widening, caution)


def _relative_skew(found: Jackknife, weights: Floats) -> float:
    """The skewness over the square root of the clusters that influence has if its size is that of the weights alone."""
    relative = found.influence / weights
    relative = relative - relative.mean()
    variance = np.square(relative).mean()
    if not variance > 0:
        return 0.0
    skewness = (relative**3).mean() / variance**1.5
    return float(skewness * (weights**3).sum() / np.square(weights).sum() ** 1.5)


def _of_few(found: Jackknife) -> Caution | None:
    if found.informative >= FEWEST_CLUSTERS:
        return None
    differ = found.informative - 1
    same = f"all but {differ} of {found.influence.size} clusters of rows say the same"
    return Caution(same, max(_times(found), (FEWEST_CLUSTERS - 1) / differ), lambda alpha: math.inf)


def _of_weight(effective: float, clusters: int) -> Caution | None:
    if effective >= FEWEST_EFFECTIVE:
        return None
    few = f"{clusters} clusters of rows weigh as {effective:.3g} equal ones do, and it takes {FEWEST_EFFECTIVE}"
    return Caution(few, FEWEST_EFFECTIVE / effective, lambda alpha: math.inf)


def _of_skew(found: Jackknife) -> Caution | None:
    if abs(found.skew) <= SKEW_LIMIT:
        return None
    few = f"a few rows decide it (skewness / sqrt(clusters) is {found.skew:.2f}, beyond {SKEW_LIMIT:g})"
    return Caution(few, _times(found), lambda alpha: math.sqrt(1 / alpha - 1))


def _times(found: Jackknife) -> float:
    """Times the rows at which the skewness of these is at its limit: it stays, and the square root of rows grows."""
    return (found.skew / SKEW_LIMIT) ** 2
