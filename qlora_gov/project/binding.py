"""From the project file to components at work: every name resolved, every setting validated, nothing made yet."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from qlora_gov.errors import ProjectError, did_you_mean, try_each
from qlora_gov.explain import reasons_of
from qlora_gov.guardrails.filter import GuardrailFilter
from qlora_gov.plugin.catalog import Bound, Catalog
from qlora_gov.plugin.measures import rate_measure
from qlora_gov.plugin.specs import FilterSpec, Gate, GateSpec, GuardrailSpec, SourceSpec, TrainerSpec
from qlora_gov.project.components import BoundAt, bind_components, named_in_project, placed
from qlora_gov.project.declared import DECLARED_FROM, undeclared_sources
from qlora_gov.project.measures import Measures, bind_measures
from qlora_gov.project.mix import Mix
from qlora_gov.project.schema import Dataset, Project
from qlora_gov.project.uses import RuleUse, SourceSettings, StepSettings, declared
from qlora_gov.project.vacuous import vacuous_rules
from qlora_gov.records import DatasetVersion, DetectorFigure, Policy, Rule
from qlora_gov.stages.curate.uses import FILTER, Curation, HeldOut, UsedSource, UsedStep
from qlora_gov.stages.evaluate import Detector
from qlora_gov.stages.sample import Sampler

_JUDGED = {"answers": "the answers themselves", "data": "what was trained on"}


@dataclass(frozen=True)
class BoundDataset:
    """The sources and steps of one dataset; of a ``strict`` one, no row is of a provenance that is not known."""

    sources: tuple[tuple[SourceSettings, Bound[SourceSpec]], ...]
    steps: tuple[tuple[StepSettings, Bound[FilterSpec] | Bound[GuardrailSpec]], ...]
    strict: bool = False
    sampler: Sampler | None = None

    @property
    def key(self) -> list[Any]:
        """What determines the rows: each component's identity, what is done with it, and how they are mixed."""
        sources = [[bound.component.identity, *use.declared] for use, bound in self.sources]
        steps = [[bound.component.identity, step.action or FILTER] for step, bound in self.steps]
        return [sources, steps, *([] if self.sampler is None else [self.sampler.told])]

    @property
    def released_key(self) -> list[Any]:
        """The same as the first release would have it; what it made of these components still stands."""
        sources = [[bound.component.released, *use.declared] for use, bound in self.sources]
        return [sources, [[bound.component.released, step.action or FILTER] for step, bound in self.steps]]

    @staticmethod
    def key_of(version: DatasetVersion) -> list[Any]:
        """The same of a dataset version on record."""
        sources = [[source.component.identity, *declared(source)] for source in version.sources]
        steps = [[step.component.identity, step.action] for step in version.steps]
        return [sources, steps, *([] if version.mixing is None else [Sampler.said_by(version.mixing)])]

    @property
    def decontaminates(self) -> bool:
        """Whether a step keeps the rows clear of held-out ones."""
        return any(isinstance(bound.spec, FilterSpec) and bound.spec.decontaminates for _, bound in self.steps)

    def require(self) -> None:
        """Raise MissingExtraError for the first component whose libraries are missing."""
        for _, bound in (*self.sources, *self.steps):
            bound.require()

    def curation(self, role: str, held_out: HeldOut | None, *, by_prompt: bool = False) -> Curation:
        """Make all that the dataset is curated from and by."""
        return Curation(role, self.used_sources(), self.used_steps(), held_out, self.sampler, by_prompt)

    def used_sources(self) -> list[UsedSource]:
        """Make the sources."""
        return [
            UsedSource(bound.make(), bound.component, use.licence, use.provenance, use.consent, self.strict)
            for use, bound in self.sources
        ]

    def used_steps(self) -> list[UsedStep]:
        """Make the steps; a guardrail becomes a filter."""
        return [
            UsedStep(
                GuardrailFilter(bound.make(), bound.component.name, step.action, bound.spec.kinds)
                if isinstance(bound.spec, GuardrailSpec)
                else bound.make(),
                bound.component,
                step.action or FILTER,
                judges_set=isinstance(bound.spec, FilterSpec) and bound.spec.scope == "set",
                decontaminates=isinstance(bound.spec, FilterSpec) and bound.spec.decontaminates,
                requires=bound.spec.requires,
                measured=_measured(bound),
            )
            for step, bound in self.steps
        ]


def _measured(bound: Bound[FilterSpec] | Bound[GuardrailSpec]) -> tuple[DetectorFigure, ...]:
    if isinstance(bound.spec, GuardrailSpec):
        return bound.spec.coverage(bound.settings).measured
    return bound.spec.measured(bound.settings) if bound.spec.measured else ()


@dataclass(frozen=True)
class TrainingSetup:
    """What makes an adapter: its data, the evaluation set, and the trainer."""

    training_data: BoundDataset
    evaluation_data: BoundDataset
    trainer: Bound[TrainerSpec]


@dataclass(frozen=True)
class BoundPolicy:
    """A policy as it is recorded, the gates behind its rules by the rule's name, and what is odd about them."""

    policy: Policy
    gates: Mapping[str, Bound[GateSpec]]
    notices: tuple[str, ...] = ()

    def make(self) -> dict[str, Gate]:
        """Make the gates. Raises MissingExtraError for one whose libraries are missing."""
        for bound in self.gates.values():
            bound.require()
        return {name: bound.make() for name, bound in self.gates.items()}


@dataclass(frozen=True)
class BoundProject:
    """Everything that a project uses, bound to its settings. ``regression`` is what rolls a champion back."""

    setup: TrainingSetup | None
    measures: Measures
    release: BoundPolicy
    regression: BoundPolicy

    def require(self) -> None:
        """Raise MissingExtraError for the first component whose libraries are missing, before any work is done."""
        for bound in self._bound():
            bound.require()

    def make(self) -> None:
        """Make what is used after the training, so that a factory at fault is told before it. Raises PluginError."""
        gates = (*self.release.gates.values(), *self.regression.gates.values())
        used: list[Bound[Any]] = [*(one.bound for one in self.measures.guardrails), *gates]
        for bound in used:
            bound.make()
        _ = self.measures.all  # they are kept

    def trains(self) -> TrainingSetup:
        """What trains. Raises ProjectError for a project that has none."""
        if self.setup is None:
            raise ProjectError("this project has no sections 'data' and 'training': its evaluations are imported")
        return self.setup

    def _bound(self) -> Iterable[Bound[Any]]:
        if self.setup:
            for data in (self.setup.training_data, self.setup.evaluation_data):
                yield from (bound for _, bound in data.sources)
                yield from (bound for _, bound in data.steps)
            yield self.setup.trainer
        yield from self.measures.bound
        yield from self.release.gates.values()
        yield from self.regression.gates.values()

    def detectors(self) -> list[Detector]:
        """Make the guardrails."""
        return [
            Detector(
                used.bound.make(),
                used.bound.component,
                rate_measure(used.bound, used.name),
                stated.covers,
                stated.misses,
                used.bound.spec.kinds,
                used.errors,
                stated.measured,
            )
            for used in self.measures.guardrails
            for stated in (used.bound.spec.coverage(used.bound.settings),)
        ]


def bind_project(
    project: Project, catalog: Catalog, root: Path, notice: Callable[[str], None] = lambda line: None
) -> BoundProject:
    """Bind every component that the project names; what is fetched for it is told by ``notice``.

    Raises PluginError, ProjectError or DataError with a line for each thing that is wrong, which says where.
    """
    if undeclared := list(undeclared_sources(project)):
        raise ProjectError(*undeclared)
    bound = bind_components(named_in_project(project), catalog, root, project.schema_, project.at, notice)
    measures = bind_measures(project.evaluation, bound, project.at)
    release = _release(project, bound, measures)
    regression = _regression(release.policy, bound["policy.regression"])
    odd = tuple(vacuous_rules(project, bound, measures.scales, release.policy, regression.policy))
    if odd and project.strict:
        raise ProjectError(*odd)
    release = replace(release, notices=(*odd, *release.policy.narrow_slices))
    return BoundProject(_setup(project, bound), measures, release, regression)


def _setup(project: Project, bound: BoundAt) -> TrainingSetup | None:
    if project.data is None:
        return None
    return TrainingSetup(
        training_data=bound_dataset("data.training", project.data.training, bound, project),
        evaluation_data=bound_dataset("data.evaluation", project.data.evaluation, bound, project),
        trainer=bound["training"],
    )


def _sampler(mix: Mix | None, seed: int) -> Sampler | None:
    if mix is None:
        return None
    return Sampler(
        {str(kind): share for kind, share in mix.target.items()}, mix.by if mix.balance == "strata" else (), seed
    )


def bound_dataset(section: str, dataset: Dataset, bound: BoundAt, project: Project) -> BoundDataset:
    """The dataset of a section of the project file, whose sources and steps are bound."""
    return BoundDataset(
        sources=tuple((use, bound[place]) for place, use in placed(f"{section}.sources", dataset.sources)),
        steps=tuple(
            (step.acting(project.schema_), bound[place]) for place, step in placed(f"{section}.steps", dataset.steps)
        ),
        strict=project.schema_ >= DECLARED_FROM,
        sampler=_sampler(dataset.mix, project.seed),
    )


def _release(project: Project, bound: BoundAt, measures: Measures) -> BoundPolicy:
    """The policy that releases, with what binds from a later schema of the project on."""
    uses = list(placed("policy.rules", project.policy.rules))
    rules = try_each(lambda at: _rule(*at, bound[at[0]], measures, project), uses)
    named = project.policy.model_dump(include={"required", "inconclusive", "further_looks", "reference"})
    if project.strict:
        named |= {"looks_by": "row", "unread": "left_out"}
    try:
        policy = Policy(rules=tuple(rules), **named)
    except ValidationError as error:
        raise ProjectError(*(f"{project.at('policy')}: {reason}" for reason in reasons_of(error))) from error
    return BoundPolicy(policy, {rule.name: bound[place] for rule, (place, _) in zip(rules, uses, strict=True)})


def _rule(place: str, use: RuleUse, gate: Bound[GateSpec], measures: Measures, project: Project) -> Rule:
    common: dict[str, Any] = {"gate": gate.component, **use.model_dump(include={"against", "where", "accept_vacuous"})}
    where = project.at(f"{place}.metric")
    if (judges := gate.spec.judges) != "metric":
        if use.metric is not None:
            raise ProjectError(f"{where}: {gate.spec.name} judges {_JUDGED[judges]}; leave the key out")
        return Rule(name=use.name or gate.spec.name, metric=judges, judges=judges, **common)
    if use.metric is None:
        said = f"its metric is missing; {gate.spec.name} judges one of {', '.join(measures.names)}"
        raise ProjectError(f"{project.at(place)}: {said}")
    metric = _metric(use.metric, measures, where)
    name = use.name or f"{gate.spec.name} {metric}"
    return Rule(name=name, metric=metric, measured=measures.measured[metric], **common)


def _metric(name: str, measured: Measures, where: str) -> str:
    """What is measured under a short or a full name."""
    found = [short for short, component in measured.measured.items() if name in (short, component.name)]
    if len(found) == 1:
        return found[0]
    if found:
        raise ProjectError(f"{where}: {name!r} may be {' or '.join(found)}; write one of these")
    raise ProjectError(f"{where}: nothing that is measured is named {name!r}; {did_you_mean(name, measured.names)}")


def _regression(release: Policy, gate: Bound[GateSpec]) -> BoundPolicy:
    """The policy that a champion breaks when it regresses: one rule for each metric that releases are judged by."""
    if (judges := gate.spec.judges) != "metric":
        raise ProjectError(f"policy.regression: {gate.spec.name} judges {judges}; name a gate that judges metrics")
    metrics = {rule.metric: rule.measured for rule in release.rules if rule.judges == "metric"}
    rules = [
        Rule(name=f"{gate.spec.name} {metric}", gate=gate.component, metric=metric, measured=measured)
        for metric, measured in metrics.items()
    ]
    gates = dict.fromkeys((rule.name for rule in rules), gate)
    terms: dict[str, Any] = {"looks_by": release.looks_by, "unread": release.unread}
    policy = Policy(purpose="regression", rules=tuple(rules), further_looks="count", **terms)
    return BoundPolicy(policy, gates)
