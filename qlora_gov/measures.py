"""What can be measured on a subject: metrics, and the rate at which each guardrail flags its responses."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from qlora_gov.config import EvaluationSettings
from qlora_gov.hooks.catalog import Bound, Catalog
from qlora_gov.records import Component
from qlora_gov.specs import GuardrailSpec, Metric, MetricSpec, MetricTraits, Need, ratio

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


def metric_measure(bound: Bound[MetricSpec]) -> Measure:
    """The measure of a metric plugin."""
    spec, metric = bound.spec, bound.make()
    traits = MetricTraits(spec.name, spec.higher_is_better, spec.margin, spec.binary, metric.aggregate)
    return Measure(bound.component, spec.components, traits, spec.needs, metric)


def rate_measure(bound: Bound[GuardrailSpec]) -> Measure:
    """The share of responses in which a guardrail finds anything: ``<guardrail>_rate``, lower is better."""
    component = bound.component.model_copy(update={"name": f"{bound.component.name}_rate"})
    traits = MetricTraits(f"{bound.spec.name}_rate", False, "absolute", True, ratio)
    return Measure(component, RATE_COMPONENTS, traits, frozenset({"response"}), None)


@dataclass(frozen=True)
class Instruments:
    """All that an evaluation uses, bound to its settings. Rates follow metrics, in the order of the guardrails."""

    metrics: tuple[Bound[MetricSpec], ...]
    guardrails: tuple[Bound[GuardrailSpec], ...]

    @property
    def measures(self) -> list[Measure]:
        """One measure for each metric and guardrail."""
        return [*map(metric_measure, self.metrics), *map(rate_measure, self.guardrails)]

    @property
    def components(self) -> list[Component]:
        """What a record's key says of the instruments."""
        return [*(bound.component for bound in self.metrics), *(bound.component for bound in self.guardrails)]


def instruments(catalog: Catalog, settings: EvaluationSettings, root: Path) -> Instruments:
    """Bind the metrics and guardrails of a project's evaluation section."""
    metrics = tuple(
        catalog.bind(MetricSpec, use.use, use.settings, root=root, where=f"evaluation.metrics[{at}]")
        for at, use in enumerate(settings.metrics)
    )
    guardrails = tuple(
        catalog.bind(GuardrailSpec, use.use, use.settings, root=root, where=f"evaluation.guardrails[{at}]")
        for at, use in enumerate(settings.guardrails)
    )
    return Instruments(metrics, guardrails)


def find_measure(measures: Sequence[Measure], name: str) -> int | None:
    """The index of the measure with a short or full name, or None."""
    return next((at for at, m in enumerate(measures) if name in (m.traits.name, m.component.name)), None)
