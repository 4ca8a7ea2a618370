"""The steps that make dataset versions."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

from qlora_gov.canonical import columns_id
from qlora_gov.evidence.datasets import evaluation_rows
from qlora_gov.ledger.datasets import DatasetParquet
from qlora_gov.pipeline.step import Made, Step
from qlora_gov.plugin.specs import ImportedEvaluation
from qlora_gov.project.binding import BoundDataset
from qlora_gov.project.workspace import Workspace
from qlora_gov.records import Component, DatasetVersion
from qlora_gov.records.table import examples_table
from qlora_gov.stages.curate.build import curate_dataset
from qlora_gov.stages.curate.freezing import Curated, Workshop
from qlora_gov.stages.curate.uses import Curation, HeldOut
from qlora_gov.stages.imports import freeze_rows

Curate = Callable[[Curation, Workshop], Curated]
"""A way in which rows are curated."""


def curating(
    space: Workspace,
    role: str,
    data: BoundDataset,
    held_out: DatasetVersion | None,
    curate: Curate = curate_dataset,
) -> Step[DatasetVersion]:
    """Curate one dataset, in the way of ``curate``.

    From project schema 2 on, evaluation rows of one prompt are one group: one answer to it.
    """
    by_prompt = role == "evaluation" and space.project.strict

    def make(work: Path) -> Made[DatasetVersion]:
        return _kept(space, curated(space, work, role, data, held_out, by_prompt=by_prompt, curate=curate))

    def parts_of(version: DatasetVersion) -> dict[str, Any]:
        return {"role": version.role, "data": data.key_of(version), "held_out": version.held_out}

    def usable(version: DatasetVersion) -> bool:
        return version.role == "evaluation" or space.dataset(version.digest).is_file()

    parts = {"role": role, "data": data.key, "held_out": held_out.id if held_out else None}
    released = None if by_prompt else parts | {"data": data.released_key}
    return Step("curate", DatasetVersion, parts, parts_of, make, usable, revision=3, released=released)


def curated(
    space: Workspace,
    work: Path,
    role: str,
    data: BoundDataset,
    held_out: DatasetVersion | None,
    *,
    by_prompt: bool = False,
    curate: Curate = curate_dataset,
) -> Curated:
    """Curate a dataset in a directory, where its rows then lie; nothing is put on record."""
    room = work / "curation"
    shutil.rmtree(room, ignore_errors=True)  # what a killed build left
    room.mkdir(parents=True)
    directories = tuple(space.root / directory for directory in space.project.plugins)
    shop = Workshop(DatasetParquet(), room, space.progress, space.processes or _processors(), directories)
    kept_clear = HeldOut(held_out.id, evaluation_rows(space.ledger, held_out.id)) if held_out else None
    return curate(data.curation(role, kept_clear, by_prompt=by_prompt), shop)


def adopting_rows(space: Workspace, imported: ImportedEvaluation, importer: Component) -> Step[DatasetVersion]:
    """Freeze the rows of another tool's log as an evaluation set; logs of the same prompts give the same one."""
    digest = columns_id(examples_table([row.example for row in imported.rows]))

    def make(work: Path) -> Made[DatasetVersion]:
        version, table = freeze_rows(imported, importer)
        return version, {"examples": table}

    def parts_of(version: DatasetVersion) -> dict[str, Any]:
        importers = [source.component.identity for source in version.sources]
        return {"role": version.role, "rows": version.digest, "importers": importers}

    parts = {"role": "evaluation", "rows": digest, "importers": [importer.identity]}
    return Step("adopt rows", DatasetVersion, parts, parts_of, make)


def _processors() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _kept(space: Workspace, curated: Curated) -> Made[DatasetVersion]:
    """Write the rows of a training set to its file; those of an evaluation set go to the ledger."""
    version = curated.version
    if version.role == "training":
        DatasetParquet().publish(curated.rows, space.dataset(version.digest), version.model_dump_json(indent=2))
    return version, curated.tables
