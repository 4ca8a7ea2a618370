"""The part of a card by which a reader finds and verifies the evidence: every id, every file, every plugin."""

from __future__ import annotations

from collections.abc import Iterator

from qlora_gov.records import Component
from qlora_gov.records.component import fingerprint
from qlora_gov.reports.card.context.card import PluginLine, Provenance, ReferenceLine
from qlora_gov.reports.card.lineage import file_lines
from qlora_gov.reports.card.records import CardRecords


def provenance_part(records: CardRecords) -> Provenance:
    """The full ids of everything that the card rests on."""
    plugins = _plugins(records)
    return Provenance(
        references=tuple(ReferenceLine(name=name, id=id_) for name, id_ in _references(records)),
        adapter_files=file_lines(records.adapter.files),
        plugins=plugins,
        fingerprint=fingerprint(plugins),
        head=records.head,
    )


def _references(records: CardRecords) -> Iterator[tuple[str, str]]:
    yield "decision", records.decision.id
    yield "policy", records.policy.id
    yield "the project's own words", records.about.id
    yield "adapter", records.adapter.id
    yield "adapter's files", records.adapter.digest
    for side, subject in records.subjects.items():
        responses = subject.responses
        yield f"{side}'s evaluation", subject.evaluation.id
        yield f"{side}'s responses", responses.id
        if side != "candidate" and responses.adapter is not None:
            yield f"{side}'s adapter", responses.adapter
        if responses.base not in (None, records.adapter.base):
            yield f"{side}'s base", str(responses.base)
        if responses.claim is not None:
            yield f"log of the {side}'s answers", responses.claim.log
    if records.base is not None:
        yield "base", records.base.id
    for name, dataset in (("training set", records.training), ("evaluation set", records.evaluation)):
        if dataset is not None:
            yield name, dataset.id
            yield f"{name}'s rows", dataset.digest


def _plugins(records: CardRecords) -> tuple[PluginLine, ...]:
    """Each plugin once for each version of its source that did some of the work."""
    lines = {
        (component.name.partition("/")[0], component.distribution, component.version, component.source)
        for component in _components(records)
    }
    return tuple(
        PluginLine(name=name, distribution=distribution, version=version, source=source)
        for name, distribution, version, source in sorted(lines)
    )


def _components(records: CardRecords) -> Iterator[Component]:
    if records.adapter.training is not None:
        yield records.adapter.training.recipe
    yield from (rule.gate for rule in records.policy.rules)
    for dataset in (records.training, records.evaluation):
        if dataset is not None:
            yield from (source.component for source in dataset.sources)
            yield from (step.component for step in dataset.steps)
    for subject in records.subjects.values():
        if subject.responses.claim is not None:
            yield subject.responses.claim.importer
        yield from (measurement.metric for measurement in subject.evaluation.measurements)
        yield from (scan.detector for scan in subject.evaluation.scans)
