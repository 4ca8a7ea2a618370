"""What a rule judges: which rows, how often they were judged before, and what was measured on them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Sized

import numpy as np

from qlora_gov.plugin.looks import Earlier
from qlora_gov.plugin.measures import Measure
from qlora_gov.plugin.specs import Bools, Floats
from qlora_gov.records import Absent, Component, Evaluation, Measurement, Rule
from qlora_gov.records.example import Example
from qlora_gov.records.table import labels_of


def rows_where(rule: Rule, labels: Mapping[str, Sequence[str | None]], rows: int) -> Bools:
    """The rows that a rule judges as a mask ``[rows]``: none where it asks for a label that no row has."""
    mask = np.ones(rows, dtype=np.bool_)
    for label, value in rule.where.items():
        mask &= np.array([found == value for found in labels.get(label, [None] * rows)], dtype=np.bool_)
    return mask


def looks_at(rules: Sequence[Rule], examples: Sequence[Example], earlier: Earlier) -> dict[str, float]:
    """By rule, how often a row that it judges was judged before, on average."""
    labels = labels_of(examples)
    return {
        rule.name: earlier.at(rule.component).part(np.flatnonzero(rows_where(rule, labels, len(examples)))).number
        for rule in rules
    }


def not_fresh(counts: Floats, undecided: Sized = ()) -> str:
    """Why a policy that asks for fresh rows lets nothing pass on rows that were judged so often ``[n]``.

    With evaluations that no decision judged, looks are more than decisions.
    """
    stale, rows = int((counts > 0).sum()), counts.size
    if stale < rows:
        return f"{stale:,} of {rows:,} rows were judged before, and the policy asks for fresh ones"
    number = 1 + int(counts.max())
    look = f"look {number} at" if undecided else f"decision {number} on"
    return f"this is {look} these rows, and the policy asks for fresh ones"


def measured(evaluation: Evaluation, measure: Measure) -> tuple[int, Measurement]:
    """The evaluation's measurement of exactly this metric, by index, or an absent one."""
    for index, measurement in enumerate(evaluation.measurements):
        if measurement.metric.identity == measure.component.identity:
            return index, measurement
    absent = Absent(
        absent="not by this version and these settings of the metric; 'qlora-gov evaluate', or 'import' of the same "
        "log, scores the stored answers by these"
    )
    return -1, Measurement(
        name=measure.traits.name,
        metric=measure.component,
        components=measure.components,
        scored=0,
        rows=0,
        value=absent,
        digest=None,
    )


def unusable(measurement: Measurement, rows: int) -> str | None:
    """Why a measurement is none of so many rows, or None."""
    if not isinstance(measurement.value, float):
        return f"not measured: {measurement.value.absent}"
    if measurement.rows != rows:
        return f"{measurement.rows} rows were measured, and the evaluation set has {rows}"
    return None


def told_of_log(notes: Sequence[str], metric: Component) -> str:
    """What a log's notes say of the scores that a metric's settings name."""
    names = [value for value in metric.settings.values() if isinstance(value, str)]
    return "".join(f"; of its log: {note}" for note in notes if note.partition(": ")[0] in names)
