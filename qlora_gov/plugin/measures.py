"""A metric in use: what the gate and the verifier need of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from qlora_gov.errors import PluginError
from qlora_gov.plugin.calls import ForeignError, plugin_code
from qlora_gov.plugin.catalog import Bound
from qlora_gov.plugin.specs import Floats, GuardrailSpec, MeanMetric, Metric, MetricSpec, MetricTraits, Need, ratio
from qlora_gov.records import Component, Declared

RATE_COMPONENTS = ("flagged", "rows")


@dataclass(frozen=True)
class Measure:
    """One metric as the gate and the verifier need it: what it is, and how sums of statistics become a value.

    ``metric`` computes the statistics; it is None for a guardrail's rate, whose statistics are counted by the core.
    ``range`` are the least and the greatest value that it says it can have; None where it does not say.
    """

    component: Component
    components: tuple[str, ...]
    traits: MetricTraits
    needs: frozenset[Need]
    metric: Metric | None
    range: tuple[float, float] | None = None

    @property
    def declared(self) -> Declared:
        """What gates are told of its values, for the record."""
        traits = self.traits
        return Declared(
            higher_is_better=traits.higher_is_better,
            margin=traits.margin,
            binary=traits.binary,
            mean=self.is_mean,
        )

    @property
    def is_mean(self) -> bool:
        """Whether its value is the mean of a number for each row."""
        return _is_mean(self.traits.aggregate)

    @property
    def aggregate(self) -> Callable[[Floats], Floats]:
        """The metric's own aggregate, whose every mistake is seen; ``traits`` hold one that names it in an error."""
        return self.traits.aggregate if self.metric is None else self.metric.aggregate


def metric_measure(bound: Bound[MetricSpec], name: str) -> Measure:
    """The measure of a metric plugin."""
    spec, metric = bound.spec, bound.make()
    aggregate = metric.aggregate if _is_mean(metric.aggregate) else _guarded(metric.aggregate, bound.component.name)
    traits = MetricTraits(name, spec.higher_is_better, spec.margin, spec.binary, aggregate)
    return Measure(bound.component, spec.components, traits, spec.needs, metric, spec.range)


def rate_measure(bound: Bound[GuardrailSpec], name: str) -> Measure:
    """The share of responses in which a guardrail finds anything; lower is better."""
    traits = MetricTraits(name, False, "absolute", True, ratio)
    return Measure(bound.component.rate, RATE_COMPONENTS, traits, frozenset({"response"}), None)


def _is_mean(aggregate: Callable[[Floats], Floats]) -> bool:
    """Whether an aggregate is the core's own."""
    return aggregate is ratio or getattr(aggregate, "__func__", None) is MeanMetric.aggregate


def _guarded(aggregate: Callable[[Floats], Floats], name: str) -> Callable[[Floats], Floats]:
    """An aggregate for those who use it: it gets sums of its own, and what it does wrong is a PluginError by name."""

    def guarded(sums: Floats) -> Floats:
        try:
            with plugin_code(name):
                values = np.array(aggregate(sums.copy()), dtype=np.float64)
        except ForeignError as error:
            raise PluginError(f"{name}: its aggregate, given sums of shape {sums.shape}, raised {error}") from error
        if values.shape != sums.shape[:-1]:
            what = f"made values of shape {values.shape} of sums of shape {sums.shape}"
            raise PluginError(f"{name}: its aggregate is not vectorised: it {what}")
        return values

    return guarded
