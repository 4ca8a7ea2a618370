"""Every recorded metric's aggregate: how sums of statistics become its value again."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from pydantic import JsonValue

from qlora_gov.errors import PluginError
from qlora_gov.ledger.rows import Aggregate, Aggregates
from qlora_gov.plugin.catalog import Catalog
from qlora_gov.plugin.catalog import Entry as Installed
from qlora_gov.plugin.measures import Measure
from qlora_gov.plugin.recorded import installed, is_rate, remeasure
from qlora_gov.plugin.specs import Floats
from qlora_gov.records import Component, Evaluation, Measurement


def aggregates_of(evaluations: Iterable[Evaluation], catalog: Catalog, root: Path) -> Aggregates:
    """The aggregate of each metric that an evaluation names, with the source and the meaning that it now has.

    A metric whose plugin is not installed is left out. The core counts guardrails' rates itself, so that they
    re-derive without the plugin, too; only where it is installed can its source have changed.
    """
    newest = {m.metric.name: (one, m) for one in evaluations for m in one.measurements if m.digest is not None}
    found = {}
    for name, (evaluation, measurement) in newest.items():
        entry = installed(catalog, evaluation, measurement)
        if entry is not None or is_rate(evaluation, measurement):
            function = _aggregate(catalog, evaluation, measurement, root)
            found[name] = Aggregate(function, *_known(entry, measurement.metric))
    return found


def _known(entry: Installed | None, recorded: Component) -> tuple[str, Mapping[str, JsonValue]]:
    """Source and meaning of what is installed, or as recorded."""
    return (recorded.source, recorded.meaning) if entry is None else (entry.plugin.source, entry.meaning)


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
