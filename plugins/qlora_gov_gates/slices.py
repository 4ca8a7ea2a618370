"""The rule on slices: every part of the rows must keep its margin, and none may be shown to break it."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Mapping, Sequence

import numpy as np

from qlora_gov import Comparison, Outcome, SliceFinding, Verdict
from qlora_gov.stats import Estimate, estimate_all, judge_slices, no_worse, value_of
from qlora_gov_gates.judgement import verdict_on
from qlora_gov_gates.result import TestResult
from qlora_gov_gates.settings import NoRegressedSliceSettings
from qlora_gov_gates.wording import sentence, within

UNLABELLED = "(none)"
"""The slice of the rows that have no such label."""
NAMED, WIDTH = 5, 40
"""How many slices a sentence names, and how much of each name it shows."""

WORST_FIRST = sorted(Outcome, key=lambda outcome: outcome.rank)


class NoRegressedSlice:
    """On no slice of the rows is the candidate worse than the champion by the slice's margin or more."""

    def __init__(self, settings: NoRegressedSliceSettings) -> None:
        self.settings = settings

    def decide(self, comparison: Comparison) -> Verdict:
        """Judge each slice against its margin. The verdict's numbers are those of the worst slice.

        Raises ValueError for a label that the examples do not have, and for a relative margin of 1 or more.
        """
        parts = self._parts(comparison)
        # Slices may have been judged more often than the rows are as a whole; one alpha holds for all of them.
        scale = min(comparison.alpha_scale, *(part.alpha_scale for part in parts.values()))
        judged = self._weigh(parts, self.settings.alpha * scale)
        order = sorted(judged, key=lambda name: (_rank(judged[name]), name))
        findings = tuple(self._finding(name, judged[name], len(judged)) for name in order)
        where = f"where {self.settings.by} is {_names(order[:1])}"
        return verdict_on(judged[order[0]], self._summary(findings), where=where, slices=findings)

    def _parts(self, comparison: Comparison) -> dict[str, Comparison]:
        """The slices to judge, even those that have no rows."""
        rows = _rows_by_label(comparison.labels, self.settings.by)
        names = self.settings.slices or {*rows, *self.settings.margins} or {UNLABELLED}
        parts = {}
        for name in sorted(set(names)):
            mask = np.zeros(comparison.clusters.size, dtype=np.bool_)
            mask[rows.get(name, [])] = True
            parts[name] = comparison.part(mask)
        return parts

    def _weigh(self, parts: Mapping[str, Comparison], alpha: float) -> dict[str, TestResult]:
        """What each slice shows. All are estimated together, so that they share resampling products."""
        hypotheses = {
            name: no_worse(self._margin(name), self.settings.kind_for(part.metric), part.metric.higher_is_better)
            for name, part in parts.items()
        }
        estimates = estimate_all([(part, hypotheses[name].contrast) for name, part in parts.items()])
        found = dict(zip(parts, estimates, strict=True))
        told = judge_slices({name: (found[name], hypotheses[name]) for name in parts}, alpha)
        outcomes = dict.fromkeys(told.kept, Outcome.PASS) | dict.fromkeys(told.broken, Outcome.FAIL)
        return {
            name: TestResult(part, hypotheses[name], found[name], alpha, outcomes.get(name, Outcome.INCONCLUSIVE))
            for name, part in parts.items()
        }

    def _finding(self, name: str, result: TestResult, slices: int) -> SliceFinding:
        part, found = result.comparison, result.found
        rule = within(self._margin(name), self.settings.kind_for(part.metric), part.against)
        chance = f"; of {slices} slices one may look so by chance" if _only_looks_broken(result) else ""
        return SliceFinding(
            slice=name,
            outcome=result.outcome,
            reason=sentence(result, rule) + chance,
            estimate=found.value,
            interval=result.interval,
            threshold=result.hypothesis.limit,
            rows=found.rows,
            clusters=found.clusters,
            candidate=value_of(part.candidate, part.metric),
            baseline=value_of(part.baseline, part.metric),
        )

    def _margin(self, name: str) -> float:
        return self.settings.margins.get(name, self.settings.margin)

    def _summary(self, findings: Sequence[SliceFinding]) -> str:
        broken, silent, kept = (
            [finding.slice for finding in findings if finding.outcome is outcome] for outcome in WORST_FIRST
        )
        slices = f"of {len(findings)} slices by {self.settings.by}"
        if broken:
            unknown = f"; {len(silent)} more do not tell ({_names(silent)})" if silent else ""
            return f"candidate is not within its margin on {len(broken)} {slices} ({_names(broken)}){unknown}"
        if silent:
            return f"{len(silent)} {slices} do not tell whether candidate is within its margin ({_names(silent)})"
        return f"candidate is within its margin on {len(kept)} {slices}"


def _rows_by_label(labels: Mapping[str, Sequence[str | None]], by: str) -> dict[str, list[int]]:
    """The rows of each slice. A label that every row lacks is unknown; where there are no rows, none is."""
    known = sorted(name for name, values in labels.items() if any(value is not None for value in values))
    if by not in known and any(labels.values()):
        raise ValueError(f"the examples have no label {by!r} to slice by; labels: {', '.join(known) or 'none'}")
    rows: dict[str, list[int]] = {}
    for row, label in enumerate(labels.get(by, ())):
        rows.setdefault(UNLABELLED if label is None else label, []).append(row)
    return rows


def _rank(result: TestResult) -> tuple[int, float]:
    """By outcome, and within one by how far the estimate lies on the right side of its limit."""
    value, limit = result.found.value, result.hypothesis.limit
    if value is None:
        return result.outcome.rank, math.inf
    return result.outcome.rank, value - limit if result.hypothesis.above else limit - value


def _only_looks_broken(result: TestResult) -> bool:
    """Whether the slice would fail if it were the only one."""
    found = result.found
    return (
        result.outcome is Outcome.INCONCLUSIVE
        and isinstance(found, Estimate)
        and result.hypothesis.fails(found, result.alpha)
    )


def _names(slices: Sequence[str]) -> str:
    shown = [textwrap.shorten(name, WIDTH, placeholder="...") for name in slices[:NAMED]]
    return ", ".join(shown) + (f" and {len(slices) - NAMED} more" if len(slices) > NAMED else "")
