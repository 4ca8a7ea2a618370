"""The parts of a card that say which rows there were: their sources, mix, licences, and what was kept apart."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from qlora_gov.canonical import short_id
from qlora_gov.guardrails.cautions import drop_cautions, figure_lines
from qlora_gov.records import Absent, Component, DatasetVersion, StepReport
from qlora_gov.records.dataset import PLAYBOOK
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
from qlora_gov.reports.rendering.figures import setting_lines

NO_LICENCE = "no licence is stated"
NOT_DECLARED = "not declared"
_NOT_STATED = "not stated"
_HELD_OUT = re.compile(r"held.?out")


def data_part(dataset: DatasetVersion) -> DataPart:
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
            MeasuredStep(step=step.component, lines=figure_lines(step.measured))
            for step in dataset.steps
            if step.measured
        ),
        cautions=tuple(
            line for step in dataset.steps for line in drop_cautions(step.component.name, step.action, step.measured)
        ),
    )


def target_part(records: CardRecords) -> TargetPart | Absent:
    """The provenance of the training rows that state one, against the playbook's target."""
    if records.training is None:
        return Absent(absent=trained_elsewhere(records))
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
                target=PLAYBOOK.get(value, 0.0),
            )
            for value in (*PLAYBOOK, *sorted(counts.keys() - PLAYBOOK.keys()))
        ),
    )


def contamination_part(records: CardRecords) -> ContaminationPart | Absent:
    """How the training set was kept clear of exactly the rows that were evaluated on, or why nobody can say so."""
    training, evaluation = records.training, records.evaluation
    if training is None:
        return Absent(absent=trained_elsewhere(records))
    if training.held_out is None:
        return Absent(absent="the training set was kept clear of no evaluation set")
    if training.held_out != evaluation.id:
        other = short_id(training.held_out)
        return Absent(
            absent=f"the training set was kept clear of evaluation set {other}, which is not the one used here"
        )
    steps = tuple(_leaks(step) for step in training.steps if _decontaminates(step))
    if not steps:
        return Absent(absent="no curation step says that it compared the training set with the held-out rows")
    return ContaminationPart(held_out=evaluation.digest, steps=steps)


def _decontaminates(step: StepReport) -> bool:
    """As its filter declares; what filters of 0.1.0 did could be told only by their names and reasons."""
    if step.decontaminates is not None:
        return step.decontaminates
    return any(_HELD_OUT.search(text) for text in (step.component.name, *step.dropped))


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
