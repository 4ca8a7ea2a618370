"""Dataset versions, and what their curation did."""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import Field

from qlora_gov.records.component import Component
from qlora_gov.records.parts import DetectorFigure
from qlora_gov.records.record import Frozen, Record


class SourceUse(Frozen):
    """One source of a dataset version."""

    component: Component
    rows: int
    licence: str | None


class StepReport(Frozen):
    """What one curation step did."""

    component: Component = Field(description="the filter or guardrail")
    action: str = Field(description="filter, drop, redact, or redact numbered")
    rows_in: int = Field(description="rows that it was given")
    dropped: Mapping[str, int] = Field(description="reason to number of rows")
    changed: int = Field(description="rows whose text it changed")
    decontaminates: bool | None = Field(
        default=None, description="whether it drops rows that share something with a held-out one; None: not declared"
    )
    measured: tuple[DetectorFigure, ...] = Field(
        default=(), description="of a guardrail: what it was seen to flag and to pass over on public texts"
    )


class DatasetVersion(Record):
    """An immutable set of examples: where they came from, what was dropped, and the digest of what stayed."""

    kind = "dataset"
    parent_fields = ("held_out",)
    role: str = Field(description="training or evaluation")
    sources: tuple[SourceUse, ...]
    steps: tuple[StepReport, ...]
    rows: int
    groups: int
    mix: Mapping[str, Mapping[str, int]] = Field(description="provenance, intent, language: value to rows")
    digest: str = Field(description="columns_id of the examples table")
    held_out: str | None = Field(default=None, description="the evaluation set that this one was kept clear of")
