"""The parts of a card that say where an adapter came from: its training, its base, and what ran them."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping

from qlora_gov.records import Absent, Base, Component, Environment, LossPoint, Training
from qlora_gov.reports.card.absence import answered_elsewhere, or_absent, trained_elsewhere
from qlora_gov.reports.card.context.lineage import BasePart, EnvironmentPart, Fact, FileLine, LossCurve, TrainingPart
from qlora_gov.reports.card.data import NO_LICENCE
from qlora_gov.reports.card.records import CardRecords
from qlora_gov.reports.rendering.figures import sparkline

_NO_GIT = "not run from a git repository"
_FACTS = {
    "Python": "python",
    "platform": "platform",
    "device": "device",
    "threads": "threads",
    "git commit": "git_commit",
    "uncommitted changes": "git_dirty",
}


def training_part(training: Training) -> TrainingPart:
    """The recipe and how its loss went."""
    return TrainingPart(
        recipe=training.recipe,
        scaling=_scaling(training.recipe),
        notes=training.notes,
        seed=training.seed,
        steps=training.steps,
        tokens=training.tokens,
        loss=_loss(training.losses),
        tracked=training.tracked,
    )


def _scaling(recipe: Component) -> float | Absent:
    rank, alpha = recipe.settings.get("rank"), recipe.settings.get("alpha")
    if isinstance(rank, int | float) and isinstance(alpha, int | float) and rank > 0:
        return alpha / (math.sqrt(rank) if recipe.settings.get("rslora") else rank)
    return Absent(absent="the recipe's settings name no rank and alpha")


def _loss(losses: tuple[LossPoint, ...]) -> LossCurve | Absent:
    if not losses:
        return Absent(absent="the trainer reported no loss")
    return LossCurve(
        first=losses[0],
        lowest=min(losses, key=lambda point: (point.loss, point.step)),
        last=losses[-1],
        curve=sparkline([point.loss for point in losses]),
        points=losses,
    )


def base_part(base: Base) -> BasePart:
    """What the base model is."""
    return BasePart(
        id=base.id,
        reference=base.reference,
        source=base.source,
        hub_id=or_absent(base.hub_id, "the base has no name on the hub"),
        revision=or_absent(base.revision, "the base was not fetched from the hub"),
        architecture=base.architecture,
        licence=or_absent(base.licence, NO_LICENCE),
        files=file_lines(base.files),
    )


def file_lines(files: Mapping[str, str]) -> tuple[FileLine, ...]:
    """Files by name."""
    return tuple(FileLine(name=name, digest=files[name]) for name in sorted(files))


def environment_part(records: CardRecords) -> EnvironmentPart | Absent:
    """What ran training and every side's answers, fact by fact."""
    stages = dict(_stages(records))
    known = [ran for ran in stages.values() if isinstance(ran, Environment)]
    if not known:
        return Absent(absent="neither training nor answers were run here")
    packages = sorted({name for environment in known for name in environment.packages})
    return EnvironmentPart(
        stages=tuple(stages),
        facts=(
            *(
                Fact(name=name, values=tuple(_fact(ran, field) for ran in stages.values()))
                for name, field in _FACTS.items()
            ),
            *(Fact(name=name, values=tuple(_package(ran, name) for ran in stages.values())) for name in packages),
        ),
    )


def _stages(records: CardRecords) -> Iterator[tuple[str, Environment | Absent]]:
    training = records.adapter.training
    yield "training", Absent(absent=trained_elsewhere(records)) if training is None else training.environment
    for side, subject in records.subjects.items():
        responses = subject.responses
        yield f"{side}'s answers", or_absent(responses.environment, answered_elsewhere(responses))


def _fact(ran: Environment | Absent, field: str) -> str | int | bool | Absent:
    if isinstance(ran, Absent):
        return ran
    value: str | int | bool | None = getattr(ran, field)
    return or_absent(value, _NO_GIT)


def _package(ran: Environment | Absent, name: str) -> str | Absent:
    return ran if isinstance(ran, Absent) else or_absent(ran.packages.get(name), "not recorded")
