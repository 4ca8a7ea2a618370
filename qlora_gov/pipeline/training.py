"""The step that trains an adapter, and where its files are."""

from __future__ import annotations

from pathlib import Path

from qlora_gov.errors import IntegrityError
from qlora_gov.models.bases import ResolvedBase
from qlora_gov.models.loading import device
from qlora_gov.pipeline.datasets import examples
from qlora_gov.pipeline.step import Made, Step
from qlora_gov.plugin.catalog import Bound
from qlora_gov.plugin.specs import TrainerSpec
from qlora_gov.project.environment import environment
from qlora_gov.project.workspace import Workspace
from qlora_gov.records import Adapter, DatasetVersion
from qlora_gov.stages.train import is_whole, train


def weights(space: Workspace, adapter: Adapter) -> Path:
    """The directory of an adapter's files. Raises IntegrityError where they are not those on record."""
    path = space.adapter(adapter.digest)
    if not is_whole(path, adapter):
        raise IntegrityError(f"{path} does not hold the files of adapter {adapter.id}")
    return path


def training(
    space: Workspace, trainer: Bound[TrainerSpec], base: ResolvedBase, dataset: DatasetVersion
) -> Step[Adapter]:
    """Train the adapter."""
    seed = space.project.seed

    def make(work: Path) -> Made[Adapter]:
        adapter = train(
            trainer.make(),
            trainer.component,
            base.record,
            base.path,
            dataset,
            examples(space, dataset),
            seed=seed,
            work=work,
            keep=space.adapter,
            environment=environment(space.root, device()),
            progress=space.progress,
        )
        return adapter, {}

    recipe = trainer.component.identity

    def made(adapter: Adapter) -> bool:
        trained = adapter.training
        if trained is None or (adapter.base, adapter.dataset) != (base.record.id, dataset.id):
            return False
        return (trained.recipe.identity, trained.seed) == (recipe, seed)

    def usable(adapter: Adapter) -> bool:
        return is_whole(space.adapter(adapter.digest), adapter)

    parts = {"base": base.record.id, "dataset": dataset.id, "recipe": recipe, "seed": seed}
    return Step("train", Adapter, parts, made, make, usable)
