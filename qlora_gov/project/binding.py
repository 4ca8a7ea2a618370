"""From the project file to components at work: every name resolved, every setting validated, nothing made yet."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from qlora_gov.errors import ProjectError, did_you_mean
from qlora_gov.explain import explain
from qlora_gov.guardrails.filter import GuardrailFilter
from qlora_gov.plugin.catalog import Bound, Catalog
from qlora_gov.plugin.measures import rate_measure
from qlora_gov.plugin.specs import FilterSpec, Gate, GateSpec, GuardrailSpec, SourceSpec, TrainerSpec
from qlora_gov.project.measures import Instruments, instruments
from qlora_gov.project.schema import Dataset, PolicySettings, Project, SourceUse, Step
from qlora_gov.records import DatasetVersion, Policy, Rule
from qlora_gov.stages.curate import FILTER, UsedSource, UsedStep
from qlora_gov.stages.evaluate import Detector


@dataclass(frozen=True)
class BoundDataset:
    """The sources and steps of one dataset."""

    sources: tuple[tuple[SourceUse, Bound[SourceSpec]], ...]
    steps: tuple[tuple[Step, Bound[FilterSpec] | Bound[GuardrailSpec]], ...]

    @property
    def key(self) -> list[Any]:
        """What determines the rows: each component's identity, and what is done with it."""
        sources = [[bound.component.identity, use.licence] for use, bound in self.sources]
        return [sources, [[bound.component.identity, step.action or FILTER] for step, bound in self.steps]]

    def made(self, version: DatasetVersion) -> bool:
        """Whether a dataset version came from exactly these."""
        sources = [[source.component.identity, source.licence] for source in version.sources]
        return self.key == [sources, [[step.component.identity, step.action] for step in version.steps]]

    def used_sources(self) -> list[UsedSource]:
        """Make the sources."""
        return [UsedSource(bound.make(), bound.component, use.licence) for use, bound in self.sources]

    def used_steps(self) -> list[UsedStep]:
        """Make the steps; a guardrail becomes a filter."""
        return [
            UsedStep(
                GuardrailFilter(bound.make(), bound.component.name, step.action) if step.action else bound.make(),
                bound.component,
                step.action or FILTER,
            )
            for step, bound in self.steps
        ]


@dataclass(frozen=True)
class Workbench:
    """What makes an adapter: its data, the evaluation set, and the trainer."""

    training_data: BoundDataset
    evaluation_data: BoundDataset
    trainer: Bound[TrainerSpec]


@dataclass(frozen=True)
class BoundPolicy:
    """A policy as it is recorded, and the gates behind its rules by the rule's name."""

    policy: Policy
    gates: Mapping[str, Bound[GateSpec]]

    def make(self) -> dict[str, Gate]:
        """Make the gates. Raises MissingExtraError for one whose libraries are missing."""
        for bound in self.gates.values():
            bound.require()
        return {name: bound.make() for name, bound in self.gates.items()}


@dataclass(frozen=True)
class Assembly:
    """Everything that a project uses, bound to its settings. ``regression`` is what rolls a champion back."""

    workbench: Workbench | None
    instruments: Instruments
    release: BoundPolicy
    regression: BoundPolicy

    def require(self) -> None:
        """Raise MissingExtraError for the first component whose libraries are missing, before any work is done."""
        for bound in self._bound():
            bound.require()

    def trains(self) -> Workbench:
        """The workbench. Raises ProjectError for a project that has none."""
        if self.workbench is None:
            raise ProjectError("this project has no sections 'data' and 'training': its evaluations are imported")
        return self.workbench

    def _bound(self) -> Iterable[Bound[Any]]:
        if self.workbench:
            for data in (self.workbench.training_data, self.workbench.evaluation_data):
                yield from (bound for _, bound in data.sources)
                yield from (bound for _, bound in data.steps)
            yield self.workbench.trainer
        yield from self.instruments.bound
        yield from self.release.gates.values()
        yield from self.regression.gates.values()

    def detectors(self) -> list[Detector]:
        """Make the guardrails."""
        return [
            Detector(
                used.bound.make(),
                used.bound.component,
                rate_measure(used.bound, used.name),
                used.bound.spec.covers,
                used.bound.spec.misses,
                used.errors,
            )
            for used in self.instruments.guardrails
        ]


def assemble(project: Project, catalog: Catalog, root: Path) -> Assembly:
    """Bind every component that the project names. Raises PluginError or ProjectError that says where."""
    used, regression = instruments(catalog, project.evaluation, root), project.policy.regression
    release = _release(project.policy, catalog, root, used)
    gate = catalog.bind(GateSpec, regression.use, regression.settings, root=root, where="policy.regression")
    return Assembly(_workbench(project, catalog, root), used, release, _regression(release.policy, gate))


def _workbench(project: Project, catalog: Catalog, root: Path) -> Workbench | None:
    data, training = project.data, project.training
    if data is None or training is None:
        return None
    return Workbench(
        training_data=_dataset(data.training, catalog, root, "data.training"),
        evaluation_data=_dataset(data.evaluation, catalog, root, "data.evaluation"),
        trainer=catalog.bind(TrainerSpec, training.use, training.settings, root=root, where="training"),
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


def _release(settings: PolicySettings, catalog: Catalog, root: Path, measured: Instruments) -> BoundPolicy:
    """The policy that releases."""
    rules, gates = [], {}
    for at, use in enumerate(settings.rules):
        where = f"policy.rules[{at}]"
        bound = catalog.bind(GateSpec, use.use, use.settings, root=root, where=where)
        metric = _metric(use.metric, measured, f"{where}.metric")
        name = use.name or f"{bound.spec.name} {metric}"
        rules.append(
            Rule(
                name=name,
                gate=bound.component,
                metric=metric,
                measured=measured.measured[metric],
                against=use.against,
                where=use.where,
            )
        )
        gates[name] = bound
    named = settings.model_dump(include={"required", "inconclusive", "further_looks", "reference"})
    try:
        return BoundPolicy(Policy(rules=tuple(rules), **named), gates)
    except ValidationError as error:
        raise ProjectError(f"policy: {explain(error)}") from error


def _metric(name: str, measured: Instruments, where: str) -> str:
    """What is measured under a short or a full name."""
    found = [short for short, component in measured.measured.items() if name in (short, component.name)]
    if len(found) == 1:
        return found[0]
    if found:
        raise ProjectError(f"{where}: {name!r} may be {' or '.join(found)}; write one of these")
    raise ProjectError(f"{where}: nothing that is measured is named {name!r}; {did_you_mean(name, measured.names)}")


def _regression(release: Policy, gate: Bound[GateSpec]) -> BoundPolicy:
    """The policy that a champion breaks when it regresses: one rule for each metric that releases are judged by."""
    metrics = {rule.metric: rule.measured for rule in release.rules}
    rules = [
        Rule(name=f"{gate.spec.name} {metric}", gate=gate.component, metric=metric, measured=measured)
        for metric, measured in metrics.items()
    ]
    gates = dict.fromkeys((rule.name for rule in rules), gate)
    return BoundPolicy(Policy(purpose="regression", rules=tuple(rules), further_looks="count"), gates)
