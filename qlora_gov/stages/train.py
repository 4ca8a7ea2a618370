"""Train: hand a trainer its job, and keep what it made only when it is whole."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from pathlib import Path

from pydantic import JsonValue, ValidationError

from qlora_gov.canonical import canonical_json, file_id, tree_id
from qlora_gov.errors import PluginError, TrainingError
from qlora_gov.explain import reasons_of
from qlora_gov.plugin.calls import ForeignError, plugin_code, reason_of
from qlora_gov.plugin.specs import Progress, Trainer, TrainingJob, TrainingOutcome
from qlora_gov.records import Adapter, Base, Component, DatasetVersion, Environment, Training
from qlora_gov.records.example import Example
from qlora_gov.records.inputs import TODAY

_SAFE = {".safetensors", ".json"}
_PASSWORD = re.compile(
    r"//[^/@\s]*@"
)  # of a tracker's store: evidence is read by others than those who may write there


def train_adapter(
    trainer: Trainer,
    recipe: Component,
    base: Base,
    base_path: Path,
    dataset: DatasetVersion,
    examples: Sequence[Example],
    *,
    seed: int,
    work: Path,
    keep: Callable[[str], Path],
    environment: Environment,
    progress: Progress,
    today: date = TODAY,
    strict: bool = False,
    inputs: Mapping[str, JsonValue] | None = None,
) -> Adapter:
    """Train and return the adapter, whose files then lie where ``keep`` puts an adapter of their digest.

    ``work`` keeps checkpoints across a kill; ``inputs`` is what the trainer says that it reads of the rows. Raises
    PluginError where the trainer fails, or tells of its run what no record can hold.
    """
    output, checkpoints = work / "adapter", work / "checkpoints"
    shutil.rmtree(output, ignore_errors=True)
    output.mkdir(parents=True)
    checkpoints.mkdir(exist_ok=True)
    job = TrainingJob(
        base=base_path,
        base_name=base.hub_id or base.reference,
        examples=examples,
        output=output,
        checkpoints=checkpoints,
        seed=seed,
        progress=progress,
        today=today,
        strict=strict,
    )
    try:
        with plugin_code(recipe.name):
            outcome = trainer.train(job)
    except ForeignError as error:
        raise PluginError(f"{recipe.name} raised {error}; no adapter is recorded") from error
    if not isinstance(outcome, TrainingOutcome):
        raise PluginError(f"{recipe.name} returned a {type(outcome).__name__}, not a TrainingOutcome")
    try:
        adapter = _record(outcome, adapter_files(output), recipe, base, dataset, seed, environment, inputs or {})
        canonical_json(adapter.content())
    except ValueError as error:
        reasons = map(str, reasons_of(error)) if isinstance(error, ValidationError) else [reason_of(error)]
        raise PluginError(f"{recipe.name} returned an outcome that cannot be recorded: {'; '.join(reasons)}") from error
    _keep(output, keep(adapter.digest))
    return adapter


def is_whole(path: Path, adapter: Adapter) -> bool:
    """Whether every file of the adapter is at ``path`` with the recorded bytes."""
    return all((path / name).is_file() and file_id(path / name) == digest for name, digest in adapter.files.items())


def adapter_files(directory: Path) -> dict[str, str]:
    """The digests of an adapter's files by name; a README beside them is no part of it.

    Raises TrainingError for files that no adapter should hold.
    """
    paths = sorted(path for path in directory.rglob("*") if path.is_file() and path.suffix != ".md")
    for path in paths:
        if path.suffix not in _SAFE:
            raise TrainingError(f"{path.name} in {directory}: an adapter holds safetensors and JSON files only")
    if not any(path.suffix == ".safetensors" for path in paths):
        raise TrainingError(f"no .safetensors file in {directory}")
    return {path.relative_to(directory).as_posix(): file_id(path) for path in paths}


def _record(
    outcome: TrainingOutcome,
    files: dict[str, str],
    recipe: Component,
    base: Base,
    dataset: DatasetVersion,
    seed: int,
    environment: Environment,
    inputs: Mapping[str, JsonValue],
) -> Adapter:
    return Adapter(
        base=base.id,
        dataset=dataset.id,
        files=files,
        digest=tree_id(files),
        training=Training(
            recipe=recipe,
            seed=seed,
            losses=outcome.losses,
            steps=outcome.steps,
            tokens=outcome.tokens,
            notes=outcome.notes,
            environment=environment,
            inputs=inputs,
            tracked={name: _PASSWORD.sub("//", address) for name, address in outcome.tracked.items()},
            validation_losses=outcome.validation_losses,
        ),
    )


def _keep(output: Path, target: Path) -> None:
    """Move the files to their final name; the same bytes may be there already."""
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.rmtree(target, ignore_errors=True)
    output.rename(target)
