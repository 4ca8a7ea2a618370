"""Choosing the method: what each kind of metric, contrast and sample is estimated by, or withheld for."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from qlora_gov.plugin.specs import Comparison, MetricTraits
from qlora_gov.records import Absent
from qlora_gov.stats.clusters import Floats, cluster_sums, independent
from qlora_gov.stats.contrasts import DIFFERENCE, VALUE, Contrast
from qlora_gov.stats.methods import METHODS, Methods, newest_methods
from qlora_gov.stats.paired_ratio import Pairs
from qlora_gov.stats.results import Estimate, Withheld
from qlora_gov.stats.samples import Sample
from qlora_gov.stats.two_valued import TwoValued, as_two_values


def estimate(comparison: Comparison, contrast: Contrast) -> Estimate | Withheld:
    """Estimate a contrast by the method that holds for this metric and sample.

    Where rows are right or wrong, the value has the exact binomial interval, and on independent rows the difference and
    the ratio have those of paired score tests. Everything else has the studentised cluster bootstrap.
    """
    return estimate_all([(comparison, contrast)])[0]


def estimate_all(questions: Sequence[tuple[Comparison, Contrast]]) -> list[Estimate | Withheld]:
    """Estimate many contrasts; those that are bootstrapped over as many clusters share one resampling product."""
    answers: dict[int, Estimate | Withheld] = {}
    samples: dict[tuple[int, int], dict[int, Sample]] = {}
    for index, (comparison, contrast) in enumerate(questions):
        revision = comparison.methods or newest_methods()
        found = _without_resampling(comparison, contrast, METHODS[revision])
        if isinstance(found, Sample):
            samples.setdefault((revision, found.sums.shape[0]), {})[index] = found
        else:
            answers[index] = found
    for (revision, _), group in samples.items():
        answers.update(zip(group, METHODS[revision].studentised(list(group.values())), strict=True))
    return [answers[index] for index in range(len(questions))]


def _without_resampling(comparison: Comparison, contrast: Contrast, methods: Methods) -> Estimate | Withheld | Sample:
    """The estimate where a formula gives it, else the sample to bootstrap."""
    rows = comparison.clusters.size
    if problem := _unusable(comparison):
        return Withheld(problem, rows, np.unique(comparison.clusters).size)
    if methods.paired_ratio is not None or comparison.metric.binary:
        shares = as_two_values(comparison)
        if shares is not None and (told := _of_shares(shares, comparison, contrast, methods)):
            return told
    k, aggregate = comparison.candidate.shape[1], comparison.metric.aggregate
    # The count comes first, where it is the last that rows and clusters are sorted by: draws depend on their order.
    both = np.hstack([np.ones((rows, 1)), comparison.candidate, comparison.baseline])
    sums = cluster_sums(both, comparison.clusters)
    return Sample(
        sums[:, 1:],
        lambda sums: contrast.function(aggregate(sums[..., :k]), aggregate(sums[..., k:])),
        rows,
        sums[:, 0],
    )


def _of_shares(
    found: TwoValued, comparison: Comparison, contrast: Contrast, methods: Methods
) -> Estimate | Withheld | None:
    """What the methods for right or wrong rows say, where there is one for this contrast and these clusters."""
    rows, clusters = comparison.clusters.size, comparison.clusters
    if contrast is VALUE:
        if not (comparison.metric.binary or found.candidate.any() > found.candidate.all()):
            return None  # what the candidate says throughout tells no spread, whatever the baseline says
        return found.scaled(methods.exact_rate(int(found.candidate.sum()), clusters), shift=True)
    if not independent(clusters):
        return None
    both, gained, lost = found.counts
    if contrast is DIFFERENCE:
        return found.scaled(methods.paired_score(gained, lost, rows))
    if methods.paired_ratio is None or found.low != 0:
        return None
    told = methods.paired_ratio(Pairs(both, gained, lost, rows), contrast)
    return found.scaled(told) if isinstance(told, Estimate) and contrast.kind != "log_ratio" else told


def value_of(stats: Floats, metric: MetricTraits) -> float | Absent:
    """The metric's value over all rows ``[n, k]``, or why it has none."""
    if not stats.size:
        return Absent(absent="no rows")
    value = float(metric.aggregate(stats.sum(axis=0)))
    return value if np.isfinite(value) else Absent(absent="undefined on these rows")


def _unusable(comparison: Comparison) -> str | None:
    if not comparison.clusters.size:
        return "there are no rows"
    both = np.stack([comparison.candidate, comparison.baseline])
    if not np.isfinite(both).all():
        return "a row's score is not finite"
    if comparison.metric.binary and not (np.isin(both[..., 0], (0, 1)).all() and (both[..., 1] == 1).all()):
        return "the metric is declared binary, but a row's score is neither 0 nor 1"
    return None
