"""Choosing the method: what each kind of metric, contrast and sample is estimated by, or withheld for."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from qlora_gov.plugin.specs import Comparison, MetricTraits
from qlora_gov.records import Absent
from qlora_gov.stats.clusters import Floats, cluster_sums, independent
from qlora_gov.stats.contrasts import DIFFERENCE, VALUE, Contrast
from qlora_gov.stats.methods import METHODS, Methods, newest_methods
from qlora_gov.stats.results import Estimate, Withheld
from qlora_gov.stats.studentised import Sample


def estimate(comparison: Comparison, contrast: Contrast) -> Estimate | Withheld:
    """Estimate a contrast by the method that holds for this metric and sample.

    A binary metric's value has the exact binomial interval, its difference on independent rows the paired score
    interval. Everything else has the studentised cluster bootstrap.
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
    rows, binary = comparison.clusters.size, comparison.metric.binary
    if problem := _unusable(comparison):
        return Withheld(problem, rows, np.unique(comparison.clusters).size)
    if binary and contrast is VALUE:
        return methods.exact_rate(int(comparison.candidate[:, 0].sum()), comparison.clusters)
    if binary and contrast is DIFFERENCE and independent(comparison.clusters):
        change = comparison.candidate[:, 0] - comparison.baseline[:, 0]
        return methods.paired_score(int((change > 0).sum()), int((change < 0).sum()), rows)
    k = comparison.candidate.shape[1]
    aggregate = comparison.metric.aggregate
    return Sample(
        cluster_sums(np.hstack([comparison.candidate, comparison.baseline]), comparison.clusters),
        lambda sums: contrast.function(aggregate(sums[..., :k]), aggregate(sums[..., k:])),
        rows,
    )


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
