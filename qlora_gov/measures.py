"""What can be measured on a subject: metrics, and the rate at which each guardrail flags its responses."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from qlora_gov.config import EvaluationSettings
from qlora_gov.hooks.catalog import Bound, Catalog
from qlora_gov.records import Component
from qlora_gov.specs import Finding, Guardrail, GuardrailSpec, Metric, MetricSpec, MetricTraits, Need, ratio

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
    traits = MetricTraits(f"{bound.spec.name}_rate", False, "absolute", True, ratio)
    return Measure(bound.component.rate, RATE_COMPONENTS, traits, frozenset({"response"}), None)


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
    def names(self) -> list[tuple[str, str]]:
        """The short and the full name of each measure."""
        metrics = [(bound.spec.name, bound.component.name) for bound in self.metrics]
        return [*metrics, *((f"{bound.spec.name}_rate", bound.component.rate.name) for bound in self.guardrails)]

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
    """The index of the only measure with a short or full name, or None."""
    found = [at for at, measure in enumerate(measures) if name in (measure.traits.name, measure.component.name)]
    return found[0] if len(found) == 1 else None


def detect(guardrail: Guardrail, texts: Sequence[str]) -> list[list[Finding]]:
    """A guardrail's findings, one list for each text. A text that it passed over must not count as clean.

    Raises ValueError where there is not a list for each text, a span is not within it, or a score is not finite.
    """
    found = [list(findings) for findings in guardrail.detect(texts)]
    if len(found) != len(texts):
        raise ValueError(f"{len(found)} lists of findings were returned for {len(texts)} texts")
    for text, findings in zip(texts, found, strict=True):
        for finding in findings:
            if not (0 <= finding.start <= finding.end <= len(text) and math.isfinite(finding.score)):
                raise ValueError(f"{finding} does not lie within a text of {len(text)} characters")
    return found
