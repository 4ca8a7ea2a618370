"""The parts of a card that say where an adapter came from: training, data, base, environment, plugins and ids."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from qlora_gov.records import Absent, Adapter, Base, Component, DatasetVersion, LossPoint
from qlora_gov.reports.context import (
    BasePart,
    DataPart,
    EnvironmentPart,
    Fact,
    FileLine,
    LossCurve,
    MixLine,
    PluginLine,
    Provenance,
    ReferenceLine,
    Share,
    SourceLine,
    TrainingPart,
)
from qlora_gov.reports.evidence import Evidence
from qlora_gov.reports.figures import short_id, sparkline
from qlora_gov.reports.findings import or_absent

_STAGES = ("training", "candidate's answers", "champion's answers")


def training_part(adapter: Adapter) -> TrainingPart:
    """The recipe and how its loss went."""
    return TrainingPart(
        recipe=adapter.recipe,
        scaling=_scaling(adapter.recipe),
        notes=adapter.notes,
        seed=adapter.seed,
        steps=adapter.steps,
        tokens=adapter.tokens,
        loss=_loss(adapter.losses),
    )


def _scaling(recipe: Component) -> float | Absent:
    rank, alpha = recipe.settings.get("rank"), recipe.settings.get("alpha")
    if isinstance(rank, int | float) and isinstance(alpha, int | float) and rank > 0:
        return alpha / rank
    return Absent(absent="the recipe's settings name no rank and alpha")


def _loss(losses: tuple[LossPoint, ...]) -> LossCurve | Absent:
    if not losses:
        return Absent(absent="the trainer reported no loss")
    lowest = min(losses, key=lambda point: (point.loss, point.step))
    return LossCurve(first=losses[0], lowest=lowest, last=losses[-1], curve=sparkline([point.loss for point in losses]))


def data_part(dataset: DatasetVersion) -> DataPart:
    """Where the rows of a dataset version came from, what happened to them, and what they are."""
    return DataPart(
        digest=dataset.digest,
        rows=dataset.rows,
        groups=dataset.groups,
        sources=tuple(
            SourceLine(
                component=source.component,
                rows=source.rows,
                licence=or_absent(source.licence, "no licence is stated"),
            )
            for source in dataset.sources
        ),
        steps=dataset.steps,
        mix=tuple(_mix(name, dataset.mix[name], dataset.rows) for name in sorted(dataset.mix)),
    )


def _mix(name: str, counts: Mapping[str, int], rows: int) -> MixLine:
    commonest_first = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    return MixLine(
        name=name,
        shares=tuple(Share(value=value, rows=count, share=count / max(rows, 1)) for value, count in commonest_first),
    )


def kept_clear(training: DatasetVersion, evaluation: DatasetVersion) -> str | Absent:
    """The digest of the held-out rows that the training set's steps were given, where they are those evaluated on."""
    if training.held_out is None:
        return Absent(absent="the training set was kept clear of no evaluation set")
    if training.held_out != evaluation.id:
        other = short_id(training.held_out)
        return Absent(
            absent=f"the training set was kept clear of evaluation set {other}, which is not the one used here"
        )
    if not training.steps:
        return Absent(absent="no curation step compared the training set with the held-out rows")
    return evaluation.digest


def base_part(base: Base) -> BasePart:
    """What the base model is."""
    return BasePart(
        id=base.id,
        reference=base.reference,
        source=base.source,
        hub_id=or_absent(base.hub_id, "the base has no name on the hub"),
        revision=or_absent(base.revision, "the base was not fetched from the hub"),
        architecture=base.architecture,
        licence=or_absent(base.licence, "no licence is stated"),
        files=_files(base.files),
    )


def _files(files: Mapping[str, str]) -> tuple[FileLine, ...]:
    return tuple(FileLine(name=name, digest=files[name]) for name in sorted(files))


def environment_part(evidence: Evidence) -> EnvironmentPart:
    """What ran training and both sides' answers, fact by fact."""
    ran = (evidence.adapter, evidence.candidate.responses, evidence.champion.responses)
    environments = [stage.environment for stage in ran]
    packages = sorted({name for environment in environments for name in environment.packages})

    def fact(name: str, values: Iterable[str | int | None], reason: str = "not recorded") -> Fact:
        return Fact(name=name, values=tuple(or_absent(value, reason) for value in values))

    no_git = "not run from a git repository"
    return EnvironmentPart(
        stages=_STAGES,
        facts=(
            fact("Python", (environment.python for environment in environments)),
            fact("platform", (environment.platform for environment in environments)),
            fact("device", (environment.device for environment in environments)),
            fact("threads", (environment.threads for environment in environments)),
            fact("git commit", (environment.git_commit for environment in environments), no_git),
            fact("uncommitted changes", (environment.git_dirty for environment in environments), no_git),
            *(fact(name, (environment.packages.get(name) for environment in environments)) for name in packages),
        ),
    )


def provenance_part(evidence: Evidence) -> Provenance:
    """The full ids of everything that the card rests on."""
    return Provenance(
        references=tuple(ReferenceLine(name=name, id=id_) for name, id_ in _references(evidence)),
        adapter_files=_files(evidence.adapter.files),
        plugins=_plugins(evidence),
        head=evidence.head,
    )


def _references(evidence: Evidence) -> Iterator[tuple[str, str]]:
    yield "decision", evidence.decision.id
    yield "policy", evidence.policy.id
    yield "adapter", evidence.adapter.id
    yield "adapter's files", evidence.adapter.digest
    for side, subject in (("candidate", evidence.candidate), ("champion", evidence.champion)):
        yield f"{side}'s evaluation", subject.evaluation.id
        yield f"{side}'s responses", subject.responses.id
    if evidence.champion.responses.adapter is not None:
        yield "champion's adapter", evidence.champion.responses.adapter
    if evidence.champion.responses.base != evidence.base.id:
        yield "champion's base", evidence.champion.responses.base
    yield "base", evidence.base.id
    for name, dataset in (("training set", evidence.training), ("evaluation set", evidence.evaluation)):
        yield name, dataset.id
        yield f"{name}'s rows", dataset.digest


def _plugins(evidence: Evidence) -> tuple[PluginLine, ...]:
    """Each plugin once for each version of its source that did some of the work."""
    lines = {
        (component.name.partition("/")[0], component.distribution, component.version, component.source)
        for component in _components(evidence)
    }
    return tuple(
        PluginLine(name=name, distribution=distribution, version=version, source=source)
        for name, distribution, version, source in sorted(lines)
    )


def _components(evidence: Evidence) -> Iterator[Component]:
    yield evidence.adapter.recipe
    yield from evidence.policy.rules
    yield from (item.rule for item in evidence.decision.verdicts)
    for dataset in (evidence.training, evidence.evaluation):
        yield from (source.component for source in dataset.sources)
        yield from (step.component for step in dataset.steps)
    for subject in (evidence.candidate, evidence.champion):
        yield from (measurement.metric for measurement in subject.evaluation.measurements)
        yield from (scan.detector for scan in subject.evaluation.scans)
