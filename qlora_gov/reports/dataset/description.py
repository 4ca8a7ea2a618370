"""What is said of a dataset version to those who have its files and nothing else."""

from __future__ import annotations

import re
from collections.abc import Mapping

from pydantic import Field

from qlora_gov.records import Absent, DatasetVersion, Frozen
from qlora_gov.records.dataset import Mixing
from qlora_gov.reports.card.context.lineage import DataPart
from qlora_gov.reports.card.data import data_part
from qlora_gov.reports.dataset.columns import MEANINGS

_CODE = re.compile(r"[a-z]{2,3}")


class DataDescription(Frozen):
    """One dataset version, and the files that it was exported to."""

    project: str = Field(description="the project's title")
    role: str = Field(description="training or evaluation")
    split: str = Field(description="train or test, as loaders of data sets call it")
    recorded: str = Field(description="when it was put on record, UTC")
    data: DataPart = Field(description="sources, steps and mix")
    mixing: Mixing | None = Field(description="how rows were sampled by provenance; none: they were not")
    held_out: str | None = Field(description="id of the evaluation record that it was kept clear of")
    licences: tuple[str | Absent, ...] = Field(description="of the sources, each once")
    languages: tuple[str, ...] = Field(description="codes that rows state as theirs, the commonest first")
    columns: Mapping[str, Mapping[str, str]] = Field(description="file to column to what it says")


def described(version: DatasetVersion, project: str, recorded: str) -> DataDescription:
    """The description of a version of the project with this title."""
    data = data_part(version)
    languages = [share.value for line in data.mix if line.name == "language" for share in line.shares]
    columns = {file: dict(meanings) for file, meanings in MEANINGS.items()}
    if version.origins is not None:
        del columns["rows"]["source"]
    if not version.pairs:
        del columns["rows"]["rejected"]
    if version.changes is None:
        del columns["changes"]
    return DataDescription(
        project=project,
        role=version.role,
        split="test" if version.role == "evaluation" else "train",
        recorded=recorded,
        data=data,
        mixing=version.mixing,
        held_out=version.held_out,
        licences=tuple(dict.fromkeys(source.licence for source in data.sources)),
        languages=tuple(language for language in languages if _CODE.fullmatch(language)),
        columns=columns,
    )
