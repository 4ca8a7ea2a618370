"""What changed between two descriptions, and so between two versions of a dataset."""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import Field

from qlora_gov.records import Frozen
from qlora_gov.reports.dataset.rows import RowChanges


class Changed(Frozen):
    """One thing that is not as it was before, in words; None means that there was nothing of that name."""

    name: str = Field(description="the thing")
    before: str | None = Field(description="as it was")
    after: str | None = Field(description="as it is")


class DataChanges(Frozen):
    """What one dataset version changed against the one before it; the first one changed everything."""

    before: str | None = Field(description="id of the dataset record")
    after: str = Field(description="id of the dataset record")
    size: tuple[Changed, ...] = Field(description="rows and groups")
    sources: tuple[Changed, ...] = Field(description="added, removed, or with other files, rows or licence")
    steps: tuple[Changed, ...] = Field(description="of curation: added, removed, or with other settings")
    rows: RowChanges | None = Field(default=None, description="which rows; none where one version's are not on record")
    drops: tuple[Changed, ...] = Field(description="rows dropped, by step and reason")
    alterations: tuple[Changed, ...] = Field(default=(), description="rows whose text a step changed, likewise")
    mix: tuple[Changed, ...] = Field(description="shares of the rows by property, the greatest shift first")


def changed(before: Mapping[str, str], after: Mapping[str, str]) -> tuple[Changed, ...]:
    """What differs between two descriptions, in the order of their names."""
    return tuple(
        Changed(name=name, before=before.get(name), after=after.get(name))
        for name in sorted({*before, *after})
        if before.get(name) != after.get(name)
    )
