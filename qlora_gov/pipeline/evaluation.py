"""The steps from a subject to its evaluation."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from qlora_gov.models.bases import ResolvedBase
from qlora_gov.models.loading import device
from qlora_gov.models.subject import Subject
from qlora_gov.pipeline.datasets import examples
from qlora_gov.pipeline.step import Made, Step
from qlora_gov.pipeline.training import weights
from qlora_gov.plugin.specs import ImportedEvaluation
from qlora_gov.project.binding import Assembly
from qlora_gov.project.environment import environment
from qlora_gov.project.workspace import Workspace
from qlora_gov.records import Adapter, Component, DatasetVersion, Evaluation, Responses
from qlora_gov.stages.evaluate import evaluate, evaluated_rows
from qlora_gov.stages.imports import adopt
from qlora_gov.stages.respond import Spool, respond


def responding(
    space: Workspace, assembly: Assembly, base: ResolvedBase, adapter: Adapter | None, dataset: DatasetVersion
) -> Step[Responses]:
    """Let a subject answer the evaluation set."""
    likelihoods = any("loglikelihood" in bound.spec.needs for _, bound in assembly.instruments.metrics)
    quantization, generation = space.project.base.quantization, space.project.evaluation.generation

    def make(work: Path) -> Made[Responses]:
        path = weights(space, adapter) if adapter else None  # a champion's were written long ago
        return respond(
            Subject.load(base.path, path, quantization=quantization),
            base.record,
            adapter,
            dataset,
            examples(space, dataset),
            quantization=quantization,
            generation=generation,
            likelihoods=likelihoods,
            spool=Spool(work / "responses.jsonl"),
            environment=environment(space.root, device()),
            progress=space.progress,
        )

    subject, settings = adapter.id if adapter else None, (quantization, generation, likelihoods)

    def made(other: Responses) -> bool:
        answered = (other.quantization, other.generation, other.likelihoods is not None)
        return (other.base, other.adapter, other.dataset, answered) == (base.record.id, subject, dataset.id, settings)

    parts = {
        "base": base.record.id,
        "adapter": subject,
        "dataset": dataset.id,
        "quantization": quantization,
        "generation": generation.model_dump(mode="json", exclude_defaults=True),
        "likelihoods": likelihoods,
    }
    return Step("respond", Responses, parts, made, make)


def adopting(
    space: Workspace,
    imported: ImportedEvaluation,
    importer: Component,
    dataset: DatasetVersion,
    adapter: Adapter | None,
) -> Step[Responses]:
    """Take over the answers of another tool's log."""
    record, tables = adopt(imported, importer, dataset, adapter)
    said = _said(record)
    return Step("adopt", Responses, said, lambda other: _said(other) == said, lambda work: (record, tables))


def _said(responses: Responses) -> dict[str, Any]:
    """What imported answers say, whichever version of the importer read them."""
    content = responses.content()
    if responses.claim is not None:
        content["claim"]["importer"] = responses.claim.importer.identity
    return content


def evaluating(space: Workspace, assembly: Assembly, responses: Responses, dataset: DatasetVersion) -> Step[Evaluation]:
    """Score what a subject said."""

    def make(work: Path) -> Made[Evaluation]:
        entry = space.ledger.get(responses.id)
        likelihoods = space.ledger.table(entry, "likelihoods") if responses.likelihoods else None
        recorded = space.ledger.table(entry, "recorded") if responses.recorded else None
        answers = space.ledger.table(entry, "responses")
        rows = evaluated_rows(examples(space, dataset), answers, likelihoods, recorded)
        measures = [measure for measure in assembly.instruments.measures if measure.metric is not None]
        return evaluate(responses, rows, measures, assembly.detectors(), space.progress)

    def made(evaluation: Evaluation) -> bool:
        return evaluation.responses == responses.id and assembly.instruments.made(evaluation)

    parts = {"responses": responses.id, "instruments": assembly.instruments.key}
    return Step("evaluate", Evaluation, parts, made, make)
