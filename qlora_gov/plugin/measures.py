"""A metric in use: what the gate and the verifier need of it."""

from __future__ import annotations

from dataclasses import dataclass

from qlora_gov.plugin.catalog import Bound
from qlora_gov.plugin.specs import GuardrailSpec, MeanMetric, Metric, MetricSpec, MetricTraits, Need, ratio
from qlora_gov.records import Component, Declared

RATE_COMPONENTS = ("flagged", "rows")


@dataclass(frozen=True)
class Measure:
    """One metric as the gate and the verifier need it: what it is, and how sums of statistics become a value.

    ``metric`` computes the statistics; it is None for a guardrail's rate, whose statistics are counted by the core.
    """

    component: Component
    components: tuple[str, ...]
    traits: MetricTraits
    needs: frozenset[Need]
    metric: Metric | None

    @property
    def declared(self) -> Declared:
        """What gates are told of its values, for the record."""
        traits, aggregate = self.traits, self.traits.aggregate
        mean = aggregate is ratio or getattr(aggregate, "__func__", None) is MeanMetric.aggregate
        return Declared(higher_is_better=traits.higher_is_better, margin=traits.margin, binary=traits.binary, mean=mean)


def metric_measure(bound: Bound[MetricSpec], name: str) -> Measure:
    """The measure of a metric plugin."""
    spec, metric = bound.spec, bound.make()
    traits = MetricTraits(name, spec.higher_is_better, spec.margin, spec.binary, metric.aggregate)
    return Measure(bound.component, spec.components, traits, spec.needs, metric)


def rate_measure(bound: Bound[GuardrailSpec], name: str) -> Measure:
    """The share of responses in which a guardrail finds anything; lower is better."""
    traits = MetricTraits(name, False, "absolute", True, ratio)
    return Measure(bound.component.rate, RATE_COMPONENTS, traits, frozenset({"response"}), None)
