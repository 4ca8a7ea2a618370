"""The components that a project names, each at its place, bound to their settings."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

from qlora_gov.errors import ProjectError, try_each
from qlora_gov.explain import mistaken
from qlora_gov.guardrails.actions import ACTIONS
from qlora_gov.plugin.catalog import Bound, Catalog
from qlora_gov.plugin.specs import FilterSpec, GateSpec, GuardrailSpec, MetricSpec, SourceSpec, Spec, TrainerSpec
from qlora_gov.project.schema import Dataset, EvaluationSettings, Project
from qlora_gov.project.uses import Use

U = TypeVar("U", bound=Use)

Named = tuple[str, Use, type[Spec]]
"""A component as a project names it: the place in the project file, the name with its settings, and the kind."""

BoundAt = Mapping[str, Bound[Any]]
"""Components by their place in the project file."""


def placed(section: str, uses: Sequence[U]) -> Iterator[tuple[str, U]]:
    """Each component of a list with its place, such as ``data.training.steps[2]``."""
    return ((f"{section}[{at}]", use) for at, use in enumerate(uses))


def named_in_project(project: Project) -> Iterator[Named]:
    """All that a project names, in the order of its file."""
    if project.data and project.training:
        yield from _named_in_dataset("data.training", project.data.training)
        yield from _named_in_dataset("data.evaluation", project.data.evaluation)
        yield "training", project.training, TrainerSpec
    yield from named_in_evaluation(project.evaluation)
    for place, rule in placed("policy.rules", project.policy.rules):
        yield place, rule, GateSpec
    yield "policy.regression", project.policy.regression, GateSpec


def _named_in_dataset(section: str, dataset: Dataset) -> Iterator[Named]:
    for place, source in placed(f"{section}.sources", dataset.sources):
        yield place, source, SourceSpec
    for place, step in placed(f"{section}.steps", dataset.steps):
        yield place, step, FilterSpec if step.action is None else GuardrailSpec


def named_in_evaluation(settings: EvaluationSettings) -> Iterator[Named]:
    """The metrics and guardrails by which subjects are evaluated."""
    for place, metric in placed("evaluation.metrics", settings.metrics):
        yield place, metric, MetricSpec
    for place, guardrail in placed("evaluation.guardrails", settings.guardrails):
        yield place, guardrail, GuardrailSpec


def bind_components(
    named: Iterable[Named],
    catalog: Catalog,
    root: Path,
    schema: int = 1,
    at: Callable[[str], str] = str,
    notice: Callable[[str], None] = lambda line: None,
) -> BoundAt:
    """Bind every component of a project of a schema. ``at`` says of a place in the project file where it is written.

    Raises PluginError, ProjectError or DataError with a line for each thing that is wrong with any.
    """
    guardrails = {entry.spec.name for entry in catalog if entry.spec.kind == GuardrailSpec.kind}

    def bind(one: Named) -> tuple[str, Bound[Any]]:
        place, use, kind = one
        if kind is FilterSpec and use.use.rsplit("/", 1)[-1] in guardrails:
            ways = " or ".join(f"'action: {name}'" for name in ACTIONS)
            raise ProjectError(f"{at(place)}: {use.use} is a guardrail; say what it does with {ways}")
        bound = catalog.bind(kind, use.use, use.settings, root=root, where=at(place), schema=schema, notice=notice)
        if wrong := list(mistaken(use.settings, bound.settings)):
            raise ProjectError(*(f"{at(place)}: {reason}" for reason in wrong))
        return place, bound

    return dict(try_each(bind, named))
