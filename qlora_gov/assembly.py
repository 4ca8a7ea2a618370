"""From the project file to components at work: every name resolved, every setting validated, nothing made yet."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from qlora_gov.config import Dataset, Project, RuleUse, SourceUse, Step
from qlora_gov.errors import ProjectError, did_you_mean
from qlora_gov.hooks.catalog import Bound, Catalog
from qlora_gov.measures import Instruments, instruments, rate_measure
from qlora_gov.records import Component, Policy
from qlora_gov.specs import FilterSpec, GateSpec, GuardrailSpec, SourceSpec, TrainerSpec
from qlora_gov.stages.curate import UsedSource, UsedStep
from qlora_gov.stages.evaluate import Detector
from qlora_gov.stages.gate import UsedRule
from qlora_gov.stages.redaction import GuardrailFilter


@dataclass(frozen=True)
class BoundDataset:
    """The sources and steps of one dataset."""

    sources: tuple[tuple[SourceUse, Bound[SourceSpec]], ...]
    steps: tuple[tuple[Step, Bound[FilterSpec] | Bound[GuardrailSpec]], ...]

    @property
    def key(self) -> list[Any]:
        """What determines the rows: each component with its settings, and what is done with it."""
        sources = [[bound.component.model_dump(mode="json"), use.licence] for use, bound in self.sources]
        return [sources, [[bound.component.model_dump(mode="json"), step.action] for step, bound in self.steps]]

    def used_sources(self) -> list[UsedSource]:
        """Make the sources."""
        return [UsedSource(bound.make(), bound.component, use.licence) for use, bound in self.sources]

    def used_steps(self) -> list[UsedStep]:
        """Make the steps; a guardrail becomes a filter."""
        return [
            UsedStep(
                GuardrailFilter(bound.make(), bound.component.name, step.action) if step.action else bound.make(),
                bound.component,
                step.action or "filter",
            )
            for step, bound in self.steps
        ]


@dataclass(frozen=True)
class Assembly:
    """Everything that a project uses, bound to its settings."""

    training_data: BoundDataset
    evaluation_data: BoundDataset
    trainer: Bound[TrainerSpec]
    instruments: Instruments
    rules: tuple[tuple[str, Bound[GateSpec]], ...]

    def require(self) -> None:
        """Raise MissingExtraError for the first component whose libraries are missing, before any work is done."""
        for bound in self._bound():
            bound.require()

    def _bound(self) -> Iterable[Bound[Any]]:
        for data in (self.training_data, self.evaluation_data):
            yield from (bound for _, bound in data.sources)
            yield from (bound for _, bound in data.steps)
        yield from self.instruments.metrics
        yield from self.instruments.guardrails
        yield self.trainer
        yield from (bound for _, bound in self.rules)

    @property
    def policy(self) -> Policy:
        """The policy as it is recorded: each rule with its metric among its settings."""
        return Policy(rules=tuple(_with_metric(bound.component, metric) for metric, bound in self.rules))

    def used_rules(self) -> list[UsedRule]:
        """Make the gates. Raises MissingExtraError for one whose libraries are missing."""
        for _, bound in self.rules:
            bound.require()
        return [UsedRule(bound.make(), _with_metric(bound.component, metric), metric) for metric, bound in self.rules]

    def detectors(self) -> list[Detector]:
        """Make the guardrails."""
        return [
            Detector(bound.make(), bound.component, rate_measure(bound), bound.spec.covers, bound.spec.misses)
            for bound in self.instruments.guardrails
        ]


def assemble(project: Project, catalog: Catalog, root: Path) -> Assembly:
    """Bind every component that the project names. Raises PluginError or ProjectError that says where."""
    training = project.training
    used = instruments(catalog, project.evaluation, root)
    return Assembly(
        training_data=_dataset(project.data.training, catalog, root, "data.training"),
        evaluation_data=_dataset(project.data.evaluation, catalog, root, "data.evaluation"),
        trainer=catalog.bind(TrainerSpec, training.use, training.settings, root=root, where="training"),
        instruments=used,
        rules=tuple(
            _rule(rule, catalog, root, used.names, f"policy.rules[{at}]")
            for at, rule in enumerate(project.policy.rules)
        ),
    )


def _dataset(dataset: Dataset, catalog: Catalog, root: Path, where: str) -> BoundDataset:
    sources = tuple(
        (use, catalog.bind(SourceSpec, use.use, use.settings, root=root, where=f"{where}.sources[{at}]"))
        for at, use in enumerate(dataset.sources)
    )
    steps = tuple((step, _step(step, catalog, root, f"{where}.steps[{at}]")) for at, step in enumerate(dataset.steps))
    return BoundDataset(sources, steps)


def _step(step: Step, catalog: Catalog, root: Path, where: str) -> Bound[FilterSpec] | Bound[GuardrailSpec]:
    if step.action:
        return catalog.bind(GuardrailSpec, step.use, step.settings, root=root, where=where)
    guardrails = {entry.spec.name for entry in catalog if entry.spec.kind == "guardrail"}
    if step.use.rsplit("/", 1)[-1] in guardrails:
        raise ProjectError(f"{where}: {step.use} is a guardrail; say what it does with 'action: drop' or 'redact'")
    return catalog.bind(FilterSpec, step.use, step.settings, root=root, where=where)


def _rule(
    rule: RuleUse, catalog: Catalog, root: Path, measured: Sequence[tuple[str, str]], where: str
) -> tuple[str, Bound[GateSpec]]:
    found = [full for short, full in measured if rule.metric in (short, full)]
    if not found:
        known = did_you_mean(rule.metric, [short for short, _ in measured])
        raise ProjectError(f"{where}.metric: nothing that is measured is named {rule.metric!r}; {known}")
    if len(found) > 1:
        which = f"{rule.metric!r} may be {' or '.join(found)}"
        raise ProjectError(f"{where}.metric: {which}; write the full name of one that is measured once")
    return rule.metric, catalog.bind(GateSpec, rule.use, rule.settings, root=root, where=where)


def _with_metric(component: Component, metric: str) -> Component:
    return component.model_copy(update={"settings": {**component.settings, "metric": metric}})
