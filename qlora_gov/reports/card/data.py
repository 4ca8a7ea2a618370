"""The parts of a card that say which rows there were: their sources, mix, licences, and what was kept apart."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np

from qlora_gov.guardrails.cautions import drop_cautions, errors_of, figure_lines
from qlora_gov.records import Absent, Component, DatasetVersion, StepReport
from qlora_gov.records.dataset import PLAYBOOK, PROVENANCES
from qlora_gov.reports.card.absence import or_absent, trained_elsewhere
from qlora_gov.reports.card.context.lineage import (
    ContaminationPart,
    DataPart,
    LeakLine,
    LicenceLine,
    MeasuredStep,
    MixLine,
    Share,
    SourceLine,
    TargetLine,
    TargetPart,
)
from qlora_gov.reports.card.records import CardRecords
from qlora_gov.reports.dataset.context import DataChanges
from qlora_gov.reports.rendering.figures import number, percent, setting_lines
from qlora_gov.stats import Withheld, corrected_rate

NO_LICENCE = "no licence is stated"
NOT_DECLARED = "not declared"
_NOT_STATED = "not stated"


def data_part(dataset: DatasetVersion, since: DataChanges | None = None) -> DataPart:
    """Where the rows of a dataset version came from, what happened to them, and what they are."""
    return DataPart(
        id=dataset.id,
        digest=dataset.digest,
        rows=dataset.rows,
        groups=dataset.groups,
        sources=tuple(
            SourceLine(
                component=source.component,
                rows=source.rows,
                licence=or_absent(source.licence, NO_LICENCE),
                provenance=or_absent(source.provenance, NOT_DECLARED) if dataset.origins else None,
                consent=or_absent(source.consent, NOT_DECLARED) if dataset.origins else None,
            )
            for source in dataset.sources
        ),
        steps=dataset.steps,
        mix=tuple(MixLine(name=name, shares=_shares(dataset.mix[name], dataset.rows)) for name in sorted(dataset.mix)),
        measured=tuple(
            MeasuredStep(step=step.component, lines=figure_lines(step.measured), corrected=tuple(corrected_lines(step)))
            for step in dataset.steps
            if step.measured
        ),
        cautions=tuple(
            line for step in dataset.steps for line in drop_cautions(step.component.name, step.action, step.measured)
        ),
        since=since,
        pairs=dataset.pairs,
    )


def corrected_lines(step: StepReport) -> Iterator[str]:
    """How many of the rows that a detector was given it should have flagged, by its errors on some texts.

    Rows are taken to be independent: of those that were dropped no group is on record.
    """
    flagged = sum(step.dropped.values()) + step.changed
    for errors in errors_of(step.measured):
        found = corrected_rate(flagged, np.arange(step.rows_in), errors)
        told = f"it flagged {number(flagged)} of {number(step.rows_in)} rows"
        if isinstance(found, Withheld):
            yield f"{told}, which cannot be corrected by its errors: {found.reason}"
        else:
            low, high = found.interval(0.95)
            yield (
                f"{told}; by its errors on {errors.measured_on}, {percent(found.value)} of them should be flagged "
                f"(95% interval {percent(low)} to {percent(high)})"
            )


def target_part(records: CardRecords) -> TargetPart | Absent:
    """The provenance of the training rows that state one, against what they were sampled by, or else the playbook."""
    if records.training is None:
        return Absent(absent=trained_elsewhere(records))
    mixing = records.training.mixing
    target = mixing.target if mixing else PLAYBOOK
    counts = dict(records.training.mix.get("provenance", {}))
    counts.pop(_NOT_STATED, None)
    stated = sum(counts.values())
    if not stated:
        return Absent(absent="no training row states its provenance")
    return TargetPart(
        stated=stated,
        rows=records.training.rows,
        lines=tuple(
            TargetLine(
                value=value,
                rows=counts.get(value, 0),
                share=counts.get(value, 0) / stated,
                target=target.get(value, 0.0),
                had=mixing.had.get(value, 0) if mixing else None,
            )
            for value in (*(kind for kind in PROVENANCES if kind in target), *sorted(counts.keys() - target.keys()))
        ),
        mixing=mixing,
    )


def contamination_part(records: CardRecords) -> ContaminationPart | Absent:
    """How the training set was kept clear of exactly the rows that were evaluated on, or why nobody can say so."""
    training, evaluation = records.training, records.evaluation
    if training is None:
        return Absent(absent=trained_elsewhere(records))
    found = training.overlap(evaluation)
    if isinstance(found, Absent):
        return found
    return ContaminationPart(
        held_out=evaluation.digest, steps=tuple(map(_leaks, found.steps)), left=found.left, unseen=found.unseen
    )


def _leaks(step: StepReport) -> LeakLine:
    return LeakLine(step=step.component, dropped=_shares(step.dropped, step.rows_in))


def licence_lines(records: CardRecords) -> tuple[LicenceLine, ...]:
    """What has a licence of its own, from the adapter to the rows."""
    return tuple(
        LicenceLine(what=what, licence=or_absent(licence, reason)) for what, licence, reason in _licences(records)
    )


def _licences(records: CardRecords) -> Iterator[tuple[str, str | None, str]]:
    yield "adapter", records.about.licence, NO_LICENCE
    base, training = records.base, records.training
    unknown = trained_elsewhere(records)
    yield "base model", base.licence if base else None, NO_LICENCE if base else unknown
    if training is None:
        yield "training rows", None, unknown
    for name, dataset in (("training rows", training), ("evaluation rows", records.evaluation)):
        for source in dataset.sources if dataset else ():
            yield f"{name} of {_described(source.component)}", source.licence, NO_LICENCE


def _described(component: Component) -> str:
    """A component with its settings: two sources of one kind differ by these alone."""
    settings = ", ".join(f"{name} {value}" for name, value in setting_lines(component.settings))
    return component.name + (f" ({settings})" if settings else "")


def _shares(counts: Mapping[str, int], rows: int) -> tuple[Share, ...]:
    """The commonest first."""
    ordered = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    return tuple(Share(value=value, rows=count, share=count / max(rows, 1)) for value, count in ordered)
