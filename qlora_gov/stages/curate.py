"""Curate: read sources, pass their rows through the steps, and freeze what is left."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from qlora_gov.canonical import columns_id
from qlora_gov.errors import DataError, PluginError
from qlora_gov.plugin.specs import Drop, Filter, Progress, Source
from qlora_gov.records import Component, DatasetVersion, DetectorFigure, SourceUse, StepReport
from qlora_gov.records.example import Example
from qlora_gov.records.table import examples_table

FILTER = "filter"
"""The action of a step that is a filter, not a guardrail."""


@dataclass(frozen=True)
class UsedSource:
    """A source, what a record says of it, and the licence of its rows."""

    source: Source
    component: Component
    licence: str | None


@dataclass(frozen=True)
class UsedStep:
    """A step, what a record says of it, and how it acts: as a filter, or a guardrail that drops or redacts.

    ``measured`` is what a guardrail was seen to flag and to pass over.
    """

    filter: Filter
    component: Component
    action: str
    decontaminates: bool = False
    measured: tuple[DetectorFigure, ...] = ()


@dataclass(frozen=True)
class HeldOut:
    """The evaluation set that training data is kept clear of."""

    id: str
    examples: Sequence[Example]


def curate_dataset(
    role: str, sources: Sequence[UsedSource], steps: Sequence[UsedStep], held_out: HeldOut | None, progress: Progress
) -> tuple[DatasetVersion, list[Example]]:
    """Return the dataset version and its examples. Raises DataError where none are left, saying where they went."""
    progress.begin(f"curating {role} data", len(sources) + len(steps))
    uses, examples = [], []
    for used in sources:
        rows = [_checked(example, used.component) for example in used.source.read()]
        uses.append(SourceUse(component=used.component, rows=len(rows), licence=used.licence))
        examples.extend(rows)
        progress.advance(1, f"{len(examples)} rows")
    reports = []
    for step in steps:
        report, examples = _apply(step, examples, held_out.examples if held_out else ())
        reports.append(report)
        progress.advance(1, f"{len(examples)} rows")
    if not examples:
        raise DataError(f"no {role} data is left: {_story(uses, reports)}")
    version = DatasetVersion(
        role=role,
        sources=tuple(uses),
        steps=tuple(reports),
        rows=len(examples),
        groups=len({example.group for example in examples}),
        mix={field: _mix(examples, field) for field in ("provenance", "intent", "language")},
        digest=columns_id(examples_table(examples)),
        held_out=held_out.id if held_out else None,
    )
    return version, examples


def _checked(example: Example, source: Component) -> Example:
    """What a source yields, if training and evaluation can use it."""
    if not isinstance(example, Example):
        raise PluginError(f"{source.name} yielded a {type(example).__name__}, not an Example")
    if example.messages[-1].role != "assistant":
        raise DataError(f"{example.source}: ends in a turn of the {example.messages[-1].role}, not of the assistant")
    return example


def _apply(
    step: UsedStep, examples: Sequence[Example], held_out: Sequence[Example]
) -> tuple[StepReport, list[Example]]:
    results = list(step.filter.apply(examples, held_out))
    if len(results) != len(examples):
        raise PluginError(f"{step.component.name} returned {len(results)} results for {len(examples)} rows")
    if strange := [type(result).__name__ for result in results if not isinstance(result, Example | Drop)]:
        raise PluginError(f"{step.component.name} returned a {strange[0]}, not an Example or a Drop")
    kept = [result for result in results if not isinstance(result, Drop)]
    report = StepReport(
        component=step.component,
        action=step.action,
        rows_in=len(examples),
        dropped=dict(sorted(Counter(result.reason for result in results if isinstance(result, Drop)).items())),
        changed=sum(
            not isinstance(result, Drop) and result != example
            for result, example in zip(results, examples, strict=True)
        ),
        decontaminates=step.decontaminates,
        measured=step.measured,
    )
    return report, kept


def _mix(examples: Sequence[Example], field: str) -> Mapping[str, int]:
    counts = Counter(getattr(example, field) or "not stated" for example in examples)
    return dict(sorted(counts.items()))


def _story(uses: Sequence[SourceUse], reports: Sequence[StepReport]) -> str:
    def told() -> Iterator[str]:
        yield f"{sum(use.rows for use in uses)} rows read"
        for report in reports:
            for reason, rows in report.dropped.items():
                yield f"{report.component.name} dropped {rows} ({reason})"

    return "; ".join(told())
