"""What is left of the rows, as a dataset version: in one order, with digests of what they say and whence they came."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from qlora_gov.canonical import columns_id
from qlora_gov.plugin.specs import Progress
from qlora_gov.records import DatasetVersion
from qlora_gov.records.clusters import clustered_by_prompt
from qlora_gov.records.dataset import LABELS, named_counts
from qlora_gov.records.example import Example
from qlora_gov.records.table import Table, examples_of, examples_table
from qlora_gov.stages.curate.passing import RowFiles, Treated


class DatasetFiles(RowFiles, Protocol):
    """Tables of rows in files, also of more rows than a process holds."""

    def merge(self, parts: Sequence[Path], path: Path) -> None:
        """Write the rows of examples tables as one, in the order of :func:`in_order`, numbered from 0."""
        ...

    def counts(self, path: Path, column: str) -> Mapping[str | None, int]:
        """How many rows have each value of a column of texts."""
        ...

    def pairs(self, path: Path) -> int:
        """How many rows are preference pairs."""
        ...

    def origins(self, path: Path) -> Table:
        """Where the rows of an examples table came from: the table ``origins``."""
        ...

    def digest(self, path: Path) -> str:
        """The columns_id of an examples table without ``source``."""
        ...


@dataclass(frozen=True)
class Workshop:
    """Where and how rows are worked on: files, an empty directory, processes, and who is told how far it has come.

    ``directories`` are where else plugins come from than from what is installed.
    """

    files: DatasetFiles
    work: Path
    progress: Progress
    processes: int = 1
    directories: tuple[Path, ...] = ()


@dataclass(frozen=True)
class Curated:
    """A dataset version, the file of its rows, which may be many, and the tables that a ledger holds."""

    version: DatasetVersion
    rows: Path
    tables: Mapping[str, Table]


def freeze(
    lineage: Mapping[str, Any], parts: Sequence[Path], treated: Sequence[Treated], shop: Workshop, *, by_prompt: bool
) -> Curated:
    """The rows of some files as a version with its lineage: role, sources, steps, and what it was kept clear of.

    Rows stand in the order of what they say, so that their digest is that of the same rows from anywhere.
    """
    files, rows = shop.files, shop.work / "rows.parquet"
    files.merge(parts, rows)
    if by_prompt:
        examples = in_order(clustered_by_prompt(examples_of(files.read(rows))))
        files.write(rows, examples_table(examples))
    origins, changes = files.origins(rows), _changes(treated)
    version = DatasetVersion(
        **lineage,
        rows=len(origins["row"]),
        groups=len(files.counts(rows, "group")),
        mix={label: named_counts(files.counts(rows, label)) for label in LABELS},
        digest=files.digest(rows),
        origins=columns_id(origins),
        changes=columns_id(changes),
        pairs=files.pairs(rows),
    )
    held: dict[str, Table] = {"examples": files.read(rows)} if version.role == "evaluation" else {"origins": origins}
    return Curated(version, rows, held | {"changes": changes})


def in_order(examples: Sequence[Example]) -> list[Example]:
    """Rows in the order of what they say, whatever file and line they came from."""
    table = examples_table(examples)
    fields = ("id", "group", "provenance", "intent", "language", "extra", "source")
    said = zip(*([text or "" for text in table[name]] for name in fields), strict=True)
    keyed = sorted(zip(said, range(len(examples)), strict=True))
    return [examples[at] for _, at in keyed]


def _changes(treated: Sequence[Treated]) -> Table:
    """What became of rows, as the table ``changes``: step by step, and in the order of what rows say."""
    ordered = sorted(treated, key=lambda one: (one.step, one.example, one.source))
    columns = {name: [getattr(one, name) for one in ordered] for name in Treated._fields}
    return {**columns, "row": np.arange(len(ordered)), "step": np.array(columns["step"], dtype=np.int64)}
