"""The step that trains an adapter, and where its files are."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import JsonValue

from qlora_gov.errors import IntegrityError
from qlora_gov.evidence.datasets import training_rows
from qlora_gov.models.bases import ResolvedBase
from qlora_gov.models.loading import device
from qlora_gov.pipeline.step import Made, Step
from qlora_gov.plugin.catalog import Bound
from qlora_gov.plugin.specs import ReadingTrainer, TrainerSpec
from qlora_gov.project.environment import environment_of
from qlora_gov.project.workspace import Workspace
from qlora_gov.records import Adapter, DatasetVersion
from qlora_gov.stages.train import is_whole, train_adapter


def weights(space: Workspace, adapter: Adapter) -> Path:
    """The directory of an adapter's files. Raises IntegrityError where they are not those on record."""
    path = space.adapter(adapter.digest)
    if not is_whole(path, adapter):
        raise IntegrityError(f"{path} does not hold the files of adapter {adapter.id}")
    return path


def tuning(space: Workspace, trainer: Bound[TrainerSpec], base: ResolvedBase, dataset: DatasetVersion) -> Step[Adapter]:
    """Train the adapter."""
    seed, today, made = space.project.seed, space.project.base.today, trainer.make()
    examples = training_rows(space.state, dataset)
    inputs = made.reads(base.path, examples, today) if isinstance(made, ReadingTrainer) else {}

    def make(work: Path) -> Made[Adapter]:
        adapter = train_adapter(
            made,
            trainer.component,
            base.record,
            base.path,
            dataset,
            examples,
            seed=seed,
            work=work,
            keep=space.adapter,
            environment=environment_of(space.root, device()),
            progress=space.progress,
            today=today,
            strict=space.project.schema_ >= 2,
            inputs=inputs,
        )
        return adapter, {}

    def parts_of(adapter: Adapter) -> dict[str, Any]:
        run = adapter.training
        recipe = {"recipe": run.recipe.identity, "seed": run.seed} if run else {}
        return {"base": adapter.base, "dataset": adapter.dataset, **recipe, **_read(run.inputs if run else {})}

    def usable(adapter: Adapter) -> bool:
        return is_whole(space.adapter(adapter.digest), adapter)

    parts = {"base": base.record.id, "dataset": dataset.id, "recipe": trainer.component.identity, "seed": seed}
    return Step("train", Adapter, parts | _read(inputs), parts_of, make, usable)


def _read(inputs: Mapping[str, JsonValue]) -> dict[str, Any]:
    """A part that is only there where the trainer reads rows otherwise than it always did."""
    return {"inputs": dict(inputs)} if inputs else {}
