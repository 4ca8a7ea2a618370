"""The studentised cluster bootstrap, for any aggregate: the one interval of everything that is not a plain rate.

Hall (1988), Ann. Stat. 16:927: resampling ``(estimate - truth) / standard error`` follows a skewed distribution to
second order, where t and percentile intervals follow it to first. Two corrections hold it where samples are small:

- a bound is never closer than that of t, which heavy symmetric tails are safe with;
- bounds are widened where the sample may not show its skewness, by the safeguards of a revision.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from scipy.special import stdtrit

from qlora_gov.stats.clusters import Floats
from qlora_gov.stats.jackknife import Jackknife, jackknifed
from qlora_gov.stats.resampling import RESAMPLES, resample
from qlora_gov.stats.results import Estimate, Withheld
from qlora_gov.stats.safeguards import FEWEST_CLUSTERS, Safeguard
from qlora_gov.stats.samples import Sample

METHOD = "studentised cluster bootstrap"

Safeguards = Callable[[Jackknife, Sample], Safeguard]


def studentised_estimates(samples: Sequence[Sample], safeguards: Safeguards) -> list[Estimate | Withheld]:
    """Estimate many statistics of the same number of clusters by one resampling product."""
    found = [_jackknife(sample) for sample in samples]
    told = [(sample, one) for sample, one in zip(samples, found, strict=True) if isinstance(one, Jackknife)]
    if not told:
        return [one for one in found if isinstance(one, Withheld)]
    totals = resample(np.hstack([np.column_stack([sample.sums, one.influence**2]) for sample, one in told]))
    ends = np.cumsum([sample.sums.shape[1] + 1 for sample, _ in told])
    parts = iter(np.split(totals, ends[:-1], axis=1))
    return [
        _estimate(sample, one, next(parts), safeguards) if isinstance(one, Jackknife) else one
        for sample, one in zip(samples, found, strict=True)
    ]


def _jackknife(sample: Sample) -> Jackknife | Withheld:
    rows, clusters = sample.rows, sample.sums.shape[0]
    if clusters < FEWEST_CLUSTERS:
        reason = f"of {FEWEST_CLUSTERS} independent clusters of rows that it takes there are {clusters}"
        return Withheld(reason, rows, clusters)
    found = jackknifed(sample.sums, sample.statistic)
    if not (np.isfinite(found.value) and np.isfinite(found.influence).all()):
        return Withheld("undefined on these rows, or with one cluster of them left out", rows, clusters)
    if not found.influence.any():
        return Withheld("every cluster of rows says the same, so nothing tells the spread", rows, clusters, found.value)
    return found


def _estimate(sample: Sample, found: Jackknife, totals: Floats, safeguards: Safeguards) -> Estimate | Withheld:
    clusters = sample.sums.shape[0]
    pivots = _pivots(found, sample.statistic(totals[:, :-1]), totals[:, -1])
    if np.isnan(pivots).any():
        return Withheld("undefined on some resamples of these rows", sample.rows, clusters, found.value)
    guard = safeguards(found, sample)

    def interval(level: float) -> tuple[float, float]:
        tail = (1 - level) / 2
        rank = max(int(tail * (RESAMPLES + 1)), 1)
        t = -float(stdtrit(guard.degrees, tail))
        below, above = (found.standard_error * guard.widening(side, tail) for side in (-1, 1))
        return found.value - max(pivots[-rank], t) * below, found.value + max(-pivots[rank - 1], t) * above

    return Estimate(found.value, found.standard_error, METHOD, sample.rows, clusters, interval, guard.caution)


def _pivots(found: Jackknife, values: Floats, squares: Floats) -> Floats:
    """``(value - estimate) / standard error`` of each resample, sorted; infinite where it has no spread.

    The resample's influence values are those of the whole sample, centred anew: to first order the same as a
    jackknife within each resample, at the price of one more column in the product.
    """
    clusters = found.influence.size
    deviations = values - found.value
    variance = squares / clusters - deviations**2
    spread = variance > 1e-12 * np.square(found.influence).mean()
    pivots = np.where(np.isnan(deviations), np.nan, np.copysign(np.inf, deviations))
    errors = np.sqrt(np.where(spread, variance, 1.0) / (clusters - 1))
    return np.sort(np.divide(deviations, errors, out=pivots, where=spread))
