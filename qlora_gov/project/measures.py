"""All that a project measures: its metrics, and the rate at which each guardrail flags answers."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from qlora_gov.errors import ProjectError
from qlora_gov.plugin.catalog import Bound, Catalog
from qlora_gov.plugin.measures import Measure, metric_measure, rate_measure
from qlora_gov.plugin.specs import GuardrailSpec, MetricSpec
from qlora_gov.project.schema import EvaluationSettings
from qlora_gov.records import Component, DetectorErrors, Evaluation


@dataclass(frozen=True)
class UsedGuardrail:
    """A guardrail bound to its settings, the name of its rate, and its errors where they are known."""

    bound: Bound[GuardrailSpec]
    name: str
    errors: DetectorErrors | None


@dataclass(frozen=True)
class Instruments:
    """All that an evaluation uses, bound to its settings. Rates follow metrics, in the order of the guardrails."""

    metrics: tuple[tuple[str, Bound[MetricSpec]], ...]
    guardrails: tuple[UsedGuardrail, ...]

    @property
    def measures(self) -> list[Measure]:
        """One measure for each metric and guardrail."""
        metrics = [metric_measure(bound, name) for name, bound in self.metrics]
        return [*metrics, *(rate_measure(used.bound, used.name) for used in self.guardrails)]

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
    def _identities(self) -> list[list[Any]]:
        return [[name, component.identity] for name, component in self.measured.items()]

    @property
    def bound(self) -> list[Bound[MetricSpec] | Bound[GuardrailSpec]]:
        """Every metric and guardrail."""
        return [*(bound for _, bound in self.metrics), *(used.bound for used in self.guardrails)]

    def require(self) -> None:
        """Raise MissingExtraError for the first one whose libraries are missing."""
        for bound in self.bound:
            bound.require()

    @property
    def key(self) -> list[Any]:
        """What determines an evaluation, as far as the instruments do."""
        errors = [used.errors.model_dump() if used.errors else None for used in self.guardrails]
        return [self._identities, errors]

    def made(self, evaluation: Evaluation) -> bool:
        """Whether exactly these measured an evaluation."""
        errors = {used.name: used.errors for used in self.guardrails}
        found = [[one.name, one.metric.identity] for one in evaluation.measurements]
        return found == self._identities and all(
            (scan.errors if isinstance(scan.errors, DetectorErrors) else None) == errors[scan.name]
            for scan in evaluation.scans
        )


def instruments(catalog: Catalog, settings: EvaluationSettings, root: Path) -> Instruments:
    """Bind the metrics and guardrails of a project's evaluation section.

    A metric is called by its own name and a guardrail's rate ``<guardrail>_rate``, or what ``as`` says. Raises
    ProjectError for two of one name.
    """
    metrics = []
    for at, use in enumerate(settings.metrics):
        metric = catalog.bind(MetricSpec, use.use, use.settings, root=root, where=f"evaluation.metrics[{at}]")
        metrics.append((use.name or metric.spec.name, metric))
    guardrails = []
    for at, used in enumerate(settings.guardrails):
        where = f"evaluation.guardrails[{at}]"
        guardrail = catalog.bind(GuardrailSpec, used.use, used.settings, root=root, where=where)
        guardrails.append(UsedGuardrail(guardrail, used.name or f"{guardrail.spec.name}_rate", used.errors))
    found = Instruments(tuple(metrics), tuple(guardrails))
    if twice := sorted({name for name in found.names if found.names.count(name) > 1}):
        raise ProjectError(f"evaluation: two measurements are named {twice[0]!r}; name one of them with 'as: ...'")
    return found
