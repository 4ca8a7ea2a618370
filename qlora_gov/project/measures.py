"""All that a project measures: its metrics, and the rate at which each guardrail flags answers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from qlora_gov.errors import ProjectError
from qlora_gov.plugin.catalog import Bound
from qlora_gov.plugin.measures import Measure, metric_measure, rate_measure
from qlora_gov.plugin.specs import GuardrailSpec, MetricScale, MetricSpec
from qlora_gov.project.components import BoundAt, placed
from qlora_gov.project.schema import EvaluationSettings
from qlora_gov.records import Absent, Component, DetectorErrors, Evaluation


@dataclass(frozen=True)
class UsedGuardrail:
    """A guardrail bound to its settings, the name of its rate, and its errors where they are known."""

    bound: Bound[GuardrailSpec]
    name: str
    errors: DetectorErrors | None


@dataclass(frozen=True)
class Measures:
    """All that an evaluation measures, bound to its settings. Rates follow metrics, in the order of the guardrails."""

    metrics: tuple[tuple[str, Bound[MetricSpec]], ...]
    guardrails: tuple[UsedGuardrail, ...]

    @cached_property
    def all(self) -> tuple[Measure, ...]:
        """One measure for each metric and guardrail, made when first asked for: a metric may load files."""
        metrics = (metric_measure(bound, name) for name, bound in self.metrics)
        return (*metrics, *(rate_measure(used.bound, used.name) for used in self.guardrails))

    @property
    def names(self) -> list[str]:
        """What each measure is called."""
        return [*(name for name, _ in self.metrics), *(used.name for used in self.guardrails)]

    @property
    def measured(self) -> dict[str, Component]:
        """The component that each name stands for."""
        metrics = {name: bound.component for name, bound in self.metrics}
        return metrics | {used.name: used.bound.component.rate for used in self.guardrails}

    @property
    def bound(self) -> list[Bound[MetricSpec] | Bound[GuardrailSpec]]:
        """Every metric and guardrail."""
        return [*(bound for _, bound in self.metrics), *(used.bound for used in self.guardrails)]

    @property
    def likelihoods(self) -> bool:
        """Whether a metric needs the likelihoods of the reference answers."""
        return any("loglikelihood" in bound.spec.needs for _, bound in self.metrics)

    @property
    def scales(self) -> dict[str, MetricScale]:
        """What is known of the values of each, before any is measured."""
        found = {
            name: MetricScale(
                name, spec.higher_is_better, spec.margin, (0, 1) if spec.binary else spec.range, spec.binary
            )
            for name, spec in ((name, bound.spec) for name, bound in self.metrics)
        }
        return found | {used.name: MetricScale(used.name, False, "absolute", (0, 1), True) for used in self.guardrails}

    def require(self) -> None:
        """Raise MissingExtraError for the first one whose libraries are missing."""
        for bound in self.bound:
            bound.require()

    @property
    def key(self) -> list[Any]:
        """What determines an evaluation, as far as its measures do."""
        measured = [[name, component.identity] for name, component in self.measured.items()]
        return [measured, [_stated(used.errors) for used in self.guardrails]]

    def key_of(self, evaluation: Evaluation) -> list[Any]:
        """The same of an evaluation on record. Of a detector that failed it states no errors: then any will do."""
        measured = [[one.name, one.metric.identity] for one in evaluation.measurements]
        errors = {scan.name: scan.errors for scan in evaluation.scans}
        return [measured, [_stated(errors.get(used.name, used.errors)) for used in self.guardrails]]


def _stated(errors: DetectorErrors | Absent | None) -> Any:
    return errors.model_dump(exclude_defaults=True) if isinstance(errors, DetectorErrors) else None


def bind_measures(settings: EvaluationSettings, bound: BoundAt, at: Callable[[str], str] = str) -> Measures:
    """The metrics and guardrails of a project's evaluation section.

    A metric is called by its own name and a guardrail's rate ``<guardrail>_rate``, or what ``as`` says. Raises
    ProjectError for two of one name.
    """
    metrics = [
        (use.name or bound[place].spec.name, bound[place])
        for place, use in placed("evaluation.metrics", settings.metrics)
    ]
    guardrails = [
        UsedGuardrail(bound[place], use.name or f"{bound[place].spec.name}_rate", use.errors)
        for place, use in placed("evaluation.guardrails", settings.guardrails)
    ]
    found = Measures(tuple(metrics), tuple(guardrails))
    if twice := sorted({name for name in found.names if found.names.count(name) > 1}):
        raise ProjectError(
            *(
                f"{at('evaluation')}: two measurements are named {name!r}; name one of them with 'as: ...'"
                for name in twice
            )
        )
    return found
