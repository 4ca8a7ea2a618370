"""From a metric's value on a card to the rules, the plugin, the slices and the rows behind it."""

from __future__ import annotations

from collections.abc import Mapping

from qlora_gov.errors import PluginError, UsageError, did_you_mean
from qlora_gov.evidence.datasets import evaluation_rows
from qlora_gov.evidence.evaluations import dataset_of
from qlora_gov.plugin.catalog import Catalog
from qlora_gov.plugin.measures import Measure
from qlora_gov.plugin.recorded import remeasure
from qlora_gov.project.workspace import Workspace
from qlora_gov.records import Absent, Component, Evaluation, Measurement
from qlora_gov.tracing.context import Trace, TracedEntry, TracedPlugin, TracedValue
from qlora_gov.tracing.opening import OpenedCard
from qlora_gov.tracing.rows import Pair, side_of, traced_rows, traced_slices


def trace(space: Workspace, opened: OpenedCard, metric: str, *, against: str = "champion", rows: int = 10) -> Trace:
    """Trace a metric of the decision that a card shows.

    Args:
        space: the project, whose plugins give slices and rows their values.
        opened: the card.
        metric: the name of a measurement, as the card has it.
        against: whose rows stand beside the candidate's, ``champion`` or ``reference``.
        rows: how many rows to show at most.

    Raises:
        UsageError: nobody measured such a metric, or the policy pins no reference.
    """
    sides = opened.evaluations
    if against not in sides:
        raise UsageError(f"the decision has no {against}; it is on {' and '.join(sides)}")
    evaluation, measurement = _first(sides, metric)
    with space.ledger.reading():  # what follows shares this opening of the file
        pair = _pair(space, opened, against, _measure(space, evaluation, measurement), measurement)
        return Trace(
            metric=metric,
            decision=opened.decision.id,
            baseline=against,
            values=tuple(_value(opened, who, metric) for who in sides),
            rules=tuple(item for item in opened.decision.verdicts if item.rule.metric == metric),
            plugin=_plugin(space.catalog, measurement.metric),
            slices=traced_slices(pair),
            rows=traced_rows(space.ledger, pair, rows),
            entries=tuple(TracedEntry(seq=entry.seq, kind=entry.kind, id=entry.id) for entry in opened.entries),
        )


def _first(sides: Mapping[str, Evaluation], metric: str) -> tuple[Evaluation, Measurement]:
    """The first side that measured the metric, the candidate before others."""
    measured = [(evaluation, one) for evaluation in sides.values() for one in evaluation.measurements]
    for evaluation, measurement in measured:
        if measurement.name == metric:
            return evaluation, measurement
    names = {measurement.name for _, measurement in measured}
    raise UsageError(f"nothing that was measured is named {metric!r}; {did_you_mean(metric, names)}")


def _measure(space: Workspace, evaluation: Evaluation, measurement: Measurement) -> Measure | Absent:
    try:
        return remeasure(space.catalog, evaluation, measurement, space.root)
    except PluginError as error:
        return Absent(absent=str(error))


def _pair(
    space: Workspace, opened: OpenedCard, against: str, measure: Measure | Absent, measurement: Measurement
) -> Pair:
    ledger, sides = space.ledger, opened.evaluations
    examples = evaluation_rows(ledger, dataset_of(ledger, sides["candidate"].id))
    candidate, baseline = (
        side_of(ledger, opened.entry(sides[who].id), sides[who], measurement, len(examples))
        for who in ("candidate", against)
    )
    return Pair(candidate, baseline, examples, measurement.components, measure)


def _value(opened: OpenedCard, who: str, metric: str) -> TracedValue:
    evaluation = opened.evaluations[who]
    found = next((one for one in evaluation.measurements if one.name == metric), None)
    return TracedValue(
        who=who,
        value=found.value if found else Absent(absent="this side has no such measurement"),
        scored=found.scored if found else 0,
        rows=found.rows if found else 0,
        evaluation=evaluation.id,
        seq=opened.entry(evaluation.id).seq,
    )


def _plugin(catalog: Catalog, component: Component) -> TracedPlugin:
    plugins = {entry.plugin.name: entry.plugin.source for entry in catalog}
    return TracedPlugin(
        name=component.name,
        distribution=component.distribution,
        version=component.version,
        source=component.source,
        installed=plugins.get(component.name.partition("/")[0]),
    )
