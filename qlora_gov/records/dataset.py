"""Dataset versions, and what their curation did."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from typing import Literal, get_args

from pydantic import Field

from qlora_gov.canonical import short_id
from qlora_gov.records.component import Component
from qlora_gov.records.parts import Absent, DetectorFigure
from qlora_gov.records.record import Frozen, Record

Provenance = Literal["human", "synthetic", "historical"]
"""Written by people for this, made by a model, or taken from logs."""

PROVENANCES: tuple[str, ...] = get_args(Provenance)

PLAYBOOK: Mapping[str, float] = {"human": 0.3, "synthetic": 0.4, "historical": 0.3}
"""The playbook's shares of training rows; historical ones come from logs."""

_HELD_OUT = re.compile(r"held.?out")

LABELS = ("provenance", "intent", "language")
"""The labels of rows that a version counts."""


def named_counts(counts: Mapping[str | None, int]) -> dict[str, int]:
    """Rows by the value of a label, as a version states them: those without one are named so, too."""
    named: Counter[str] = Counter()
    for value, rows in counts.items():
        named[value or "not stated"] += rows
    return dict(sorted(named.items()))


class SourceUse(Frozen):
    """One source of a dataset version."""

    component: Component
    rows: int
    licence: str | None
    provenance: Provenance | None = Field(default=None, description="of its rows, as the project declares")
    consent: str | None = Field(default=None, description="on what basis these rows may be used, as it declares")


class StepReport(Frozen):
    """What one curation step did."""

    component: Component = Field(description="the filter or guardrail")
    action: str = Field(description="filter, drop, redact, or redact numbered")
    rows_in: int = Field(description="rows that it was given")
    dropped: Mapping[str, int] = Field(description="reason to number of rows")
    changed: int = Field(description="rows whose text it changed")
    altered: Mapping[str, int] = Field(default={}, description="of these: reason to number of rows")
    labelled: int = Field(default=0, description="rows to which it gave labels, and left their text")
    decontaminates: bool | None = Field(
        default=None, description="whether it drops rows that share something with a held-out one; None: not declared"
    )
    measured: tuple[DetectorFigure, ...] = Field(
        default=(), description="what it was seen to flag and to pass over on public texts"
    )

    @property
    def looks_for_held_out(self) -> bool:
        """As its filter declares; what filters of 0.1.0 did could be told only by their names and reasons."""
        if self.decontaminates is not None:
            return self.decontaminates
        return any(_HELD_OUT.search(text) for text in (self.component.name, *self.dropped))


class Shortfall(Frozen):
    """A kind of which a stratum has too few rows for all of its others."""

    stratum: str = Field(description="the labels that its rows share")
    provenance: str = Field(description="the kind")
    wanted: int = Field(description="rows that would let every other row of the stratum stay")
    had: int = Field(description="rows that there were")


class Mixing(Frozen):
    """How rows were sampled by provenance."""

    target: Mapping[str, float] = Field(description="provenance to its share")
    by: tuple[str, ...] = Field(description="labels that make the strata; none: the totals alone are mixed")
    seed: int = Field(description="of which rows are taken")
    had: Mapping[str, int] = Field(description="provenance to rows before")
    taken: Mapping[str, int] = Field(description="provenance to rows after")
    by_total: int = Field(description="rows that would be left if the totals alone were mixed")
    strata: Mapping[str, Mapping[str, int]] = Field(default={}, description="stratum to provenance to rows after")
    shortfalls: tuple[Shortfall, ...] = ()


class Overlap(Frozen):
    """What steps found of an evaluation set in the training rows that were given to them."""

    steps: tuple[StepReport, ...] = Field(min_length=1, description="those that look for held-out rows")
    left: int = Field(description="rows that share something with a held-out one, and were left in")
    unseen: int = Field(description="rows whose text later steps changed, so that nobody looked at what they say now")


class DatasetVersion(Record):
    """An immutable set of examples: where they came from, what was dropped, and the digest of what stayed.

    Where ``origins`` is stated, rows stand in the order of what they say, and the digest is that of what they say: the
    same rows have the same one, whichever files and lines they came from.
    """

    kind = "dataset"
    parent_fields = ("held_out",)
    role: str = Field(description="training or evaluation")
    sources: tuple[SourceUse, ...]
    steps: tuple[StepReport, ...]
    rows: int
    groups: int
    mix: Mapping[str, Mapping[str, int]] = Field(description="provenance, intent, language: value to rows")
    digest: str = Field(description="columns_id of the examples table; without its column source, where origins is set")
    held_out: str | None = Field(default=None, description="the evaluation set that this one was kept clear of")
    origins: str | None = Field(default=None, description="columns_id of where each row came from: file and line")
    changes: str | None = Field(default=None, description="columns_id of what became of each row that steps treated")
    mixing: Mixing | None = Field(default=None, description="how rows were sampled by provenance, after all steps")
    pairs: int = Field(default=0, description="rows that are preference pairs: they have a rejected answer, too")

    def overlap(self, evaluation: DatasetVersion) -> Overlap | Absent:
        """What was found of an evaluation set in these training rows, or why nobody can say."""
        if self.held_out is None:
            return Absent(absent="the training set was kept clear of no evaluation set")
        if self.held_out != evaluation.id:
            other = short_id(self.held_out)
            return Absent(
                absent=f"the training set was kept clear of evaluation set {other}, which is not the one used here"
            )
        looked = [at for at, step in enumerate(self.steps) if step.looks_for_held_out]
        if not looked:
            return Absent(absent="no curation step says that it compared the training set with the held-out rows")
        return Overlap(
            steps=tuple(self.steps[at] for at in looked),
            left=max(self.steps[at].labelled for at in looked),
            unseen=sum(step.changed for step in self.steps[looked[-1] + 1 :]),
        )
