"""Which of the values that lm-evaluation-harness logs for a row are scores of that row."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from qlora_gov_imports.lm_eval_samples import Sample
from qlora_gov_imports.rows import LeftOut, finite

Filtered = Mapping[str, Sample]
"""One document's samples by their filter, in the task's order."""


class Scores:
    """The scores of one task's documents: ``<task>/<metric>``, or ``<task>/<metric>,<filter>`` of several filters.

    A metric that is no mean over rows logs for each row what its aggregate takes: pairs of texts for BLEU, and for
    perplexity a log-likelihood, whose better direction is the opposite of the metric's. So a value is a score where
    it is a number and all rows together average to what the results file ``reported``, by ``<metric>,<filter>``.
    """

    def __init__(self, task: str, reported: Mapping[str, Any], *, several_filters: bool) -> None:
        self._task = task
        self._reported = reported
        self._several_filters = several_filters

    def of(self, documents: Sequence[Filtered], left_out: LeftOut) -> list[dict[str, float]]:
        """The scores of each document, in its place; the notes of what is none go to ``left_out``."""
        values = [dict(self._values(filtered, left_out)) for filtered in documents]
        reported = {self._name(*key.split(",", 1)): value for key, value in self._reported.items() if "," in key}
        for name in sorted({name for row in values for name in row}):
            mean = sum(row.get(name, math.nan) for row in values) / len(values)
            if name not in reported:
                reason = "the results file does not state it, so that nothing shows that it is a mean"
            elif not _agree(mean, reported[name]):
                reason = f"its rows average to {mean:.6g}, the results file says {reported[name]}"
            else:
                continue
            left_out.all_rows(name, reason)
            for row in values:
                row.pop(name, None)
        return values

    def _values(self, filtered: Filtered, left_out: LeftOut) -> Iterator[tuple[str, float]]:
        for sample in filtered.values():
            for metric, value in sample.values():
                name = self._name(metric, sample.filter)
                score = finite(value)
                if score is None:
                    left_out.row(name, value)
                else:
                    yield name, score

    def _name(self, metric: str, filter_: str) -> str:
        return f"{self._task}/{metric},{filter_}" if self._several_filters else f"{self._task}/{metric}"


def _agree(mean: float, reported: Any) -> bool:
    # Where a row has no score, the mean of the others says nothing of the one that was reported.
    return not math.isfinite(mean) or (
        isinstance(reported, int | float) and math.isclose(mean, reported, rel_tol=1e-9, abs_tol=1e-12)
    )
