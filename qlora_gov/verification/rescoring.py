"""Metrics run again: does each stored answer score what it scored then?"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from qlora_gov.errors import GovError, PluginError
from qlora_gov.evidence.evaluations import answered_rows, responses_of
from qlora_gov.ledger import Entry, Problem, ProblemKind, scores
from qlora_gov.ledger.entry import place
from qlora_gov.plugin.measures import metric_measure
from qlora_gov.plugin.recorded import installed, is_rate, rebound
from qlora_gov.plugin.scoring import Scores, score_rows
from qlora_gov.plugin.sealed import Sealed
from qlora_gov.plugin.specs import EvaluatedRow, MetricSpec
from qlora_gov.project.workspace import Workspace
from qlora_gov.records import Absent, Evaluation, Measurement
from qlora_gov.text import one_line

RELATIVE, ABSOLUTE = 1e-9, 1e-12
"""To which statistics are the same: other machines round otherwise."""


def score_problems(space: Workspace, entries: Sequence[Entry]) -> Iterator[Problem]:
    """What metrics make otherwise of the answers on record. Rates are not asked: detectors are not run again.

    A metric whose source is the same and whose scores are not draws at random, or reads what its source does not show.
    """
    evaluations = [(entry, entry.record) for entry in entries if isinstance(entry.record, Evaluation)]
    space.progress.begin("scoring again", sum(len(evaluation.measurements) for _, evaluation in evaluations))
    for entry, evaluation in evaluations:
        try:
            rows = Sealed(answered_rows(space.ledger, responses_of(space.ledger, evaluation)))
            table = space.ledger.table(entry, "scores")
        except (GovError, ValueError, LookupError) as error:
            yield Problem.underived(ProblemKind.MISSING, place(entry), "its answers cannot be scored again", error)
            continue
        for at, measurement in enumerate(evaluation.measurements):
            if measurement.digest is not None and not is_rate(evaluation, measurement):
                then = scores(table, at, measurement.rows, len(measurement.components))
                yield from _problems(space, entry, evaluation, measurement, rows, then)
            space.progress.advance(1, measurement.name)


def _problems(
    space: Workspace,
    entry: Entry,
    evaluation: Evaluation,
    measurement: Measurement,
    rows: Sealed[EvaluatedRow],
    then: Scores,
) -> Iterator[Problem]:
    where, metric = f"{place(entry)}, scores of {measurement.name}", measurement.metric
    try:
        bound = rebound(space.catalog, MetricSpec, metric, space.root)
        bound.require()
        now = score_rows(metric_measure(bound, measurement.name), rows)
    except PluginError as error:
        yield Problem(ProblemKind.PLUGIN_MISSING, where, str(error))
        return
    except GovError as error:
        yield Problem(ProblemKind.PLUGIN_FAILED, where, str(error))
        return
    what = _difference(measurement, then, now, rows.rows)
    code = installed(space.catalog, evaluation, measurement)
    if code is not None and code.plugin.source != metric.source:
        yield Problem.source_changed(where, metric, "scored", "score of each row", what)
    elif what is not None:
        cause = "the metric draws at random, or reads what neither its source nor its settings hold"
        yield Problem(ProblemKind.SCORED_OTHERWISE, where, f"{what}, by the same source: {cause}")


def _difference(
    measurement: Measurement, then: Scores, now: Scores | Absent, rows: Sequence[EvaluatedRow]
) -> str | None:
    """How the rows score otherwise; those that were left out then are left out now."""
    if isinstance(now, Absent):
        return f"they have no scores now: {now.absent}"
    (stats, scored), (stats_now, scored_now) = then, now
    if measurement.left_out is not None:
        scored_now = scored_now & scored
    same = np.isclose(stats_now, stats, rtol=RELATIVE, atol=ABSOLUTE, equal_nan=True).all(axis=1) | ~scored
    if not (other := np.flatnonzero(~same | (scored != scored_now))).size:
        return None
    first = one_line(rows[int(other[0])].example.source)
    return f"{other.size:,} of {len(rows):,} rows score otherwise now, first {first}"
