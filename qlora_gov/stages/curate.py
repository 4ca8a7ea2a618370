"""Curate: read sources, pass their rows through the steps, and freeze what is left."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from pydantic import ValidationError

from qlora_gov.canonical import canonical_json, columns_id
from qlora_gov.errors import DataError, PluginError
from qlora_gov.explain import reasons_of
from qlora_gov.plugin.calls import ForeignError, plugin_code, reason_of
from qlora_gov.plugin.sealed import Sealed
from qlora_gov.plugin.specs import Drop, Filter, Progress, Source
from qlora_gov.records import Component, DatasetVersion, DetectorFigure, SourceUse, StepReport
from qlora_gov.records.clusters import clustered_by_prompt
from qlora_gov.records.example import Example
from qlora_gov.records.table import examples_table
from qlora_gov.text import one_line

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
    role: str,
    sources: Sequence[UsedSource],
    steps: Sequence[UsedStep],
    held_out: HeldOut | None,
    progress: Progress,
    *,
    by_prompt: bool = False,
) -> tuple[DatasetVersion, list[Example]]:
    """Return the dataset version and its examples; with ``by_prompt``, those of one prompt are one group.

    Raises DataError where none are left, saying where they went.
    """
    progress.begin(f"curating {role} data", len(sources) + len(steps))
    uses, examples = [], []
    for used in sources:
        rows = _read(used)
        uses.append(SourceUse(component=used.component, rows=len(rows), licence=used.licence))
        examples.extend(rows)
        progress.advance(1, f"{len(examples)} rows")
    reports, read = [], tuple(examples)
    aside = Sealed(held_out.examples if held_out else ())
    for step in steps:
        report, examples = _apply(step, examples, aside)
        reports.append(report)
        progress.advance(1, f"{len(examples)} rows")
    as_read = set(map(id, read))
    _refuse_held_out([example for example in examples if id(example) not in as_read], aside.rows)
    if not examples:
        raise DataError(f"no {role} data is left: {_story(uses, reports)}")
    if by_prompt:
        examples = clustered_by_prompt(examples)
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


def _read(used: UsedSource) -> list[Example]:
    """All that a source yields. Raises PluginError where it fails."""
    name = used.component.name
    try:
        with plugin_code(name):
            rows = list(used.source.read())
    except ForeignError as error:
        raise PluginError(f"{name} raised {error}") from error
    return [_checked(row, name, "yielded") for row in rows]


def _checked(example: Example, who: str, gave: str) -> Example:
    """What a component gives, as a row of its own that training and evaluation can use and a ledger can hold."""
    if not isinstance(example, Example):
        raise PluginError(f"{who} {gave} a {type(example).__name__}, not an Example")
    try:
        content = example.model_dump(warnings=False)
        canonical_json(content)
        plain = Example.model_validate(content)
    except ValidationError as error:
        raise DataError(*(f"{_source(example)}: {who} {gave} it: {reason}" for reason in reasons_of(error))) from error
    except (TypeError, ValueError, AttributeError, RecursionError) as error:
        raise DataError(
            f"{_source(example)}: {who} {gave} it, and it cannot be recorded: {reason_of(error)}"
        ) from error
    if plain.messages[-1].role != "assistant":
        raise DataError(f"{plain.source}: ends in a turn of the {plain.messages[-1].role}, not of the assistant")
    return plain


def _source(example: Example) -> str:
    return one_line(str(getattr(example, "source", "a row without a source")))


def _apply(step: UsedStep, examples: Sequence[Example], aside: Sealed[Example]) -> tuple[StepReport, list[Example]]:
    name, given = step.component.name, Sealed(examples)
    lent, also_lent = given.copies(), aside.copies()
    try:
        with plugin_code(name):
            results = list(step.filter.apply(lent, also_lent))
    except ForeignError as error:
        raise PluginError(f"{name} raised {error}") from error
    for rows, copies, what in ((given, lent, "a row"), (aside, also_lent, "a held-out row")):
        if (at := rows.changed(copies)) is not None:
            raise PluginError(f"{name} changed {what} in place, first {rows.rows[at].source}; return a changed copy")
    if len(results) != len(examples):
        raise PluginError(f"{name} returned {len(results)} results for {len(examples)} rows")
    results = [_result(name, *each) for each in zip(results, lent, examples, strict=True)]
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


def _result(name: str, result: Example | Drop, lent: Example, given: Example) -> Example | Drop:
    """What a filter made of one row: a Drop, or that row. Raises PluginError for any other row in its place."""
    if isinstance(result, Drop):
        if not isinstance(result.reason, str) or not result.reason.strip():
            raise PluginError(f"{name} dropped {given.source} without a reason in words")
        return Drop(one_line(result.reason).strip())
    if result is lent:
        return given
    if not isinstance(result, Example):
        raise PluginError(f"{name} returned a {type(result).__name__}, not an Example or a Drop")
    row = _checked(result, name, "returned")
    if row.source != given.source:
        raise PluginError(
            f"{name} returned {row.source} in place of {given.source}; a filter returns the row or a Drop"
        )
    return row


def _refuse_held_out(changed: Sequence[Example], held_out: Sequence[Example]) -> None:
    """Raise PluginError where steps turned a training row into a held-out one, and none after them dropped it."""
    held = {row.id for row in held_out} if changed else set()
    if same := [row.source for row in changed if row.id in held]:
        raise PluginError(
            f"the steps turned {same[0]} into a held-out row; put held_out_leak last, which drops such rows"
        )


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
