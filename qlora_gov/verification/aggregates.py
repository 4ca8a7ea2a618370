"""Every recorded metric's aggregate: how sums of statistics become its value again."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

from qlora_gov.errors import PluginError
from qlora_gov.hooks.catalog import Catalog
from qlora_gov.ledger.evidence import Aggregates
from qlora_gov.measures import Measure
from qlora_gov.rebinding import is_rate, remeasure
from qlora_gov.records import Evaluation, Measurement
from qlora_gov.specs import Floats, MetricSpec


def aggregates_of(evaluations: Iterable[Evaluation], catalog: Catalog, root: Path) -> Aggregates:
    """The aggregate of each metric that an evaluation names, with the digest of the source that it now has.

    A metric whose plugin is not installed is left out. The core counts guardrails' rates itself, so that they
    re-derive without the plugin, too; only where it is installed can its source have changed.
    """
    newest = {m.metric.name: (one, m) for one in evaluations for m in one.measurements if m.digest is not None}
    sources = {entry.name: entry.plugin.source for entry in catalog if entry.spec.kind == MetricSpec.kind}
    rates = {f"{entry.name}_rate": entry.plugin.source for entry in catalog if entry.spec.kind == "guardrail"}
    found = {}
    for name, (evaluation, measurement) in newest.items():
        source = rates.get(name, measurement.metric.source) if is_rate(evaluation, measurement) else sources.get(name)
        if source is not None:
            found[name] = (_aggregate(catalog, evaluation, measurement, root), source)
    return found


def _aggregate(
    catalog: Catalog, evaluation: Evaluation, measurement: Measurement, root: Path
) -> Callable[[Floats], Floats]:
    try:
        measure: Measure = remeasure(catalog, evaluation, measurement, root)
    except PluginError as error:
        return _failing(error)
    return measure.traits.aggregate


def _failing(error: PluginError) -> Callable[[Floats], Floats]:
    def aggregate(sums: Floats) -> Floats:
        raise error

    return aggregate
