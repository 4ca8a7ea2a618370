"""The step that trains an adapter, and where its files are."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from pydantic import JsonValue

from qlora_gov.canonical import copy_id
from qlora_gov.errors import IntegrityError, ModelError, TrainingError
from qlora_gov.evidence.datasets import training_rows
from qlora_gov.models.bases import ResolvedBase
from qlora_gov.models.loading import device
from qlora_gov.pipeline.step import Made, Step
from qlora_gov.plugin.catalog import Bound
from qlora_gov.plugin.specs import ReadingTrainer, Trainer, TrainerSpec, TrainingJob, TrainingOutcome
from qlora_gov.project.environment import environment_of
from qlora_gov.project.workspace import Workspace
from qlora_gov.records import Adapter, DatasetVersion
from qlora_gov.stages.train import is_whole, train_adapter
from qlora_gov.stages.weights import refuse_no_adapter


@contextmanager
def weights(space: Workspace, adapter: Adapter) -> Iterator[Path]:
    """A private copy of an adapter's files, for as long as they are loaded: of the very bytes that were digested.

    Raises:
        IntegrityError: the files are not those on record.
        ModelError: as what is done meanwhile raises it, but of the files themselves.
    """
    path = space.adapter(adapter.digest)
    with TemporaryDirectory(prefix="qlora-gov-") as directory:
        held = Path(directory)
        for name, digest in adapter.files.items():
            (held / name).parent.mkdir(parents=True, exist_ok=True)
            if not (path / name).is_file() or copy_id(path / name, held / name) != digest:
                raise IntegrityError(f"{path} does not hold the files of adapter {adapter.id}")
        try:
            yield held
        except ModelError as error:
            raise ModelError(*(line.replace(directory, str(path)) for line in error.lines)) from error


@dataclass(frozen=True)
class _Checked:
    """A trainer whose adapter is looked at before it is kept: one that learned nothing would answer as its base."""

    trainer: Trainer

    def train(self, job: TrainingJob) -> TrainingOutcome:
        outcome = self.trainer.train(job)
        try:
            refuse_no_adapter(job.output)
        except ModelError as error:
            raise TrainingError(f"the training made no adapter: {error}") from error
        return outcome


def tuning(space: Workspace, trainer: Bound[TrainerSpec], base: ResolvedBase, dataset: DatasetVersion) -> Step[Adapter]:
    """Train the adapter."""
    seed, today, made = space.project.seed, space.project.base.today, trainer.make()
    examples = training_rows(space.ledger, space.state, dataset)
    inputs = made.reads(base.path, examples, today) if isinstance(made, ReadingTrainer) else {}

    def make(work: Path) -> Made[Adapter]:
        adapter = train_adapter(
            _Checked(made),
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
            strict=space.project.strict,
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
    parts |= _read(inputs)
    # What an earlier revision of a trainer made of the same recipe still stands: an upgrade trains nothing again.
    released = parts | {"recipe": trainer.component.released}
    return Step("train", Adapter, parts, parts_of, make, usable, revision=2, released=released)


def _read(inputs: Mapping[str, JsonValue]) -> dict[str, Any]:
    """A part that is only there where the trainer reads rows otherwise than it always did."""
    return {"inputs": dict(inputs)} if inputs else {}
