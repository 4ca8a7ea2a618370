"""Recorded components, bound again: from what a record says of one to the code that is installed now."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar

from pydantic import JsonValue

from qlora_gov.errors import GovError, PluginError
from qlora_gov.plugin.catalog import Bound, Catalog, Entry
from qlora_gov.plugin.measures import Measure, metric_measure
from qlora_gov.plugin.settings import recorded_file
from qlora_gov.plugin.specs import GuardrailSpec, MetricSpec, MetricTraits, Spec, ratio
from qlora_gov.records import Component, Evaluation, Measurement

S = TypeVar("S", bound=Spec)


def rebound(catalog: Catalog, kind: type[S], component: Component, root: Path) -> Bound[S]:
    """The installed component of a recorded name, with the settings that were recorded.

    Raises PluginError where there is none of that name, ProjectError where it does not take these settings, as where
    a file that they name is gone.
    """
    return catalog.bind(kind, component.name, _as_given(component.settings), root=root, where="as recorded")


def is_rate(evaluation: Evaluation, measurement: Measurement) -> bool:
    """Whether a measurement is the rate of a guardrail that looked at the responses; the core counts it."""
    return any(scan.detector.rate == measurement.metric for scan in evaluation.scans)


def installed(catalog: Catalog, evaluation: Evaluation, measurement: Measurement) -> Entry | None:
    """The metric, or the guardrail of a rate, that a measurement names, as it is installed now, if it is."""
    kind, name = MetricSpec.kind, measurement.metric.name
    if is_rate(evaluation, measurement):
        kind, name = GuardrailSpec.kind, name.removesuffix("_rate")
    return next((entry for entry in catalog if (entry.spec.kind, entry.name) == (kind, name)), None)


def remeasure(catalog: Catalog, evaluation: Evaluation, measurement: Measurement, root: Path) -> Measure:
    """What a measurement was made with, from the code that is installed now; it goes by the recorded component.

    A metric that no longer takes the recorded settings is made with its defaults: hardly any aggregate depends on
    settings. Raises PluginError where the plugin is not installed or cannot make the metric.
    """
    if is_rate(evaluation, measurement):
        traits = MetricTraits(measurement.name, False, "absolute", True, ratio)
        return Measure(measurement.metric, measurement.components, traits, frozenset(), None)
    made = _metric(catalog, measurement, root)
    return Measure(measurement.metric, measurement.components, made.traits, made.needs, made.metric)


def _metric(catalog: Catalog, measurement: Measurement, root: Path) -> Measure:
    component = measurement.metric
    catalog.find(MetricSpec.kind, component.name)  # a plugin that is not there is an error of its own
    errors = []
    for one in (component, component.model_copy(update={"settings": {}})):
        try:
            return metric_measure(rebound(catalog, MetricSpec, one, root), measurement.name)
        except GovError as error:
            errors.append(str(error))
    raise PluginError(f"{component.name} cannot be made: {errors[0]}")


def _as_given(settings: Mapping[str, JsonValue]) -> dict[str, Any]:
    """Settings as a project file gives them: a file is recorded with its digest and asked for by its path."""
    return {name: file.path if (file := recorded_file(value)) else value for name, value in settings.items()}
