"""The part of a card by which a reader finds and verifies the evidence: every id, every file, every plugin."""

from __future__ import annotations

from collections.abc import Iterator

from qlora_gov.canonical import content_id
from qlora_gov.records import Component
from qlora_gov.reports.card.context.card import PluginLine, Provenance, ReferenceLine
from qlora_gov.reports.card.lineage import file_lines
from qlora_gov.reports.card.records import Evidence


def provenance_part(evidence: Evidence) -> Provenance:
    """The full ids of everything that the card rests on."""
    plugins = _plugins(evidence)
    return Provenance(
        references=tuple(ReferenceLine(name=name, id=id_) for name, id_ in _references(evidence)),
        adapter_files=file_lines(evidence.adapter.files),
        plugins=plugins,
        fingerprint=content_id([[one.name, one.distribution, one.version, one.source] for one in plugins]),
        head=evidence.head,
    )


def _references(evidence: Evidence) -> Iterator[tuple[str, str]]:
    yield "decision", evidence.decision.id
    yield "policy", evidence.policy.id
    yield "the project's own words", evidence.about.id
    yield "adapter", evidence.adapter.id
    yield "adapter's files", evidence.adapter.digest
    for side, subject in evidence.subjects.items():
        responses = subject.responses
        yield f"{side}'s evaluation", subject.evaluation.id
        yield f"{side}'s responses", responses.id
        if side != "candidate" and responses.adapter is not None:
            yield f"{side}'s adapter", responses.adapter
        if responses.base not in (None, evidence.adapter.base):
            yield f"{side}'s base", str(responses.base)
        if responses.claim is not None:
            yield f"log of the {side}'s answers", responses.claim.log
    if evidence.base is not None:
        yield "base", evidence.base.id
    for name, dataset in (("training set", evidence.training), ("evaluation set", evidence.evaluation)):
        if dataset is not None:
            yield name, dataset.id
            yield f"{name}'s rows", dataset.digest


def _plugins(evidence: Evidence) -> tuple[PluginLine, ...]:
    """Each plugin once for each version of its source that did some of the work."""
    lines = {
        (component.name.partition("/")[0], component.distribution, component.version, component.source)
        for component in _components(evidence)
    }
    return tuple(
        PluginLine(name=name, distribution=distribution, version=version, source=source)
        for name, distribution, version, source in sorted(lines)
    )


def _components(evidence: Evidence) -> Iterator[Component]:
    if evidence.adapter.training is not None:
        yield evidence.adapter.training.recipe
    yield from (rule.gate for rule in evidence.policy.rules)
    for dataset in (evidence.training, evidence.evaluation):
        if dataset is not None:
            yield from (source.component for source in dataset.sources)
            yield from (step.component for step in dataset.steps)
    for subject in evidence.subjects.values():
        if subject.responses.claim is not None:
            yield subject.responses.claim.importer
        yield from (measurement.metric for measurement in subject.evaluation.measurements)
        yield from (scan.detector for scan in subject.evaluation.scans)
