"""The steps that make dataset versions, and reading their rows back."""

from __future__ import annotations

from pathlib import Path

from qlora_gov.canonical import columns_id
from qlora_gov.errors import IntegrityError
from qlora_gov.ledger import read_parquet, write_parquet
from qlora_gov.pipeline.step import Made, Step
from qlora_gov.plugin.specs import ImportedEvaluation
from qlora_gov.project.binding import BoundDataset
from qlora_gov.project.workspace import Workspace
from qlora_gov.records import Component, DatasetVersion
from qlora_gov.records.example import Example
from qlora_gov.records.table import examples_of, examples_table
from qlora_gov.stages.curate import HeldOut, UsedSource, curate
from qlora_gov.stages.imports import LoggedExamples


def curating(space: Workspace, role: str, data: BoundDataset, held_out: DatasetVersion | None) -> Step[DatasetVersion]:
    """Curate one dataset; an evaluation set's rows go into the ledger, since every number opens to them."""

    def make(work: Path) -> Made[DatasetVersion]:
        kept_clear = HeldOut(held_out.id, examples(space, held_out)) if held_out else None
        return _kept(space, *curate(role, data.used_sources(), data.used_steps(), kept_clear, space.progress))

    clear_of = held_out.id if held_out else None

    def made(version: DatasetVersion) -> bool:
        return (version.role, version.held_out) == (role, clear_of) and data.made(version)

    parts = {"role": role, "data": data.key, "held_out": clear_of}
    return Step("curate", DatasetVersion, parts, made, make, lambda version: space.dataset(version.digest).is_file())


def adopting_rows(space: Workspace, imported: ImportedEvaluation, importer: Component) -> Step[DatasetVersion]:
    """Freeze the rows of another tool's log as an evaluation set; logs of the same prompts give the same one."""
    digest = columns_id(examples_table([row.example for row in imported.rows]))

    def make(work: Path) -> Made[DatasetVersion]:
        source = UsedSource(LoggedExamples(imported), importer, None)
        return _kept(space, *curate("evaluation", [source], [], None, space.progress))

    def made(version: DatasetVersion) -> bool:
        importers = [source.component.identity for source in version.sources]
        return (version.role, version.digest, importers) == ("evaluation", digest, [importer.identity])

    parts = {"rows": digest, "importer": importer.identity}
    return Step("adopt rows", DatasetVersion, parts, made, make, lambda kept: space.dataset(kept.digest).is_file())


def _kept(space: Workspace, version: DatasetVersion, rows: list[Example]) -> Made[DatasetVersion]:
    """Write the rows of a dataset version to its file."""
    table = examples_table(rows)
    path = space.dataset(version.digest)
    path.parent.mkdir(parents=True, exist_ok=True)
    write_parquet(path, table)
    (path.parent / "manifest.json").write_text(version.model_dump_json(indent=2) + "\n", encoding="utf-8")
    return version, {"examples": table} if version.role == "evaluation" else {}


def examples(space: Workspace, version: DatasetVersion) -> list[Example]:
    """The rows of a dataset version. Raises IntegrityError where its file holds others."""
    path = space.dataset(version.digest)
    table = read_parquet(path)
    if columns_id(table) != version.digest:
        raise IntegrityError(f"{path}: not the rows of dataset {version.id}; delete the file to have it made again")
    return examples_of(table)
