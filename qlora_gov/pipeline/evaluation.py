"""The steps from a subject to its evaluation."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from qlora_gov.evidence.datasets import evaluation_rows
from qlora_gov.evidence.evaluations import answered_rows, unlogged
from qlora_gov.models.bases import ResolvedBase
from qlora_gov.models.clock import Clock
from qlora_gov.models.inputs import Reading
from qlora_gov.models.loading import device
from qlora_gov.pipeline.step import Made, Step
from qlora_gov.pipeline.subjects import load_subject
from qlora_gov.plugin.specs import ImportedEvaluation
from qlora_gov.project.binding import BoundProject
from qlora_gov.project.environment import environment_of
from qlora_gov.project.workspace import Workspace
from qlora_gov.records import Adapter, Component, DatasetVersion, Evaluation, GenerationSettings, Inputs, Responses
from qlora_gov.stages.evaluate import score_responses
from qlora_gov.stages.imports import adopt
from qlora_gov.stages.respond import Spool, answer_dataset
from qlora_gov.stages.subjects import unshown


def responding(
    space: Workspace,
    bound: BoundProject,
    base: ResolvedBase,
    adapter: Adapter | None,
    dataset: DatasetVersion,
    reading: Reading | None,
) -> Step[Responses]:
    """Let a subject answer the evaluation set as it was read; without a reading, as nobody wrote down how it was."""
    likelihoods = bound.measures.likelihoods
    quantization, generation = space.project.base.quantization, space.project.generation

    def make(work: Path) -> Made[Responses]:
        assert reading is not None, "what is answered now was read before"
        reading.refuse()
        environment = environment_of(space.root, device())
        clock = Clock.at(space.project.base.today)
        subject = load_subject(space, base.path, adapter, quantization, generation.decoding, clock)
        return answer_dataset(
            subject,
            base.record,
            adapter,
            dataset,
            evaluation_rows(space.ledger, dataset.id),
            quantization=quantization,
            generation=generation,
            likelihoods=likelihoods,
            spool=Spool(work / "responses.jsonl", environment),
            environment=environment,
            progress=space.progress,
            applied=subject.applied,
            inputs=reading.inputs,
        )

    def parts_of(answered: Responses) -> dict[str, Any]:
        return {
            "base": answered.base,
            "adapter": answered.adapter,
            "dataset": answered.dataset,
            "quantization": answered.quantization,
            "generation": _given(answered.generation),
            "likelihoods": answered.likelihoods is not None,
            **_read(answered.inputs),
        }

    def usable(answered: Responses) -> bool:
        if answered.inputs is None:
            return reading is None or reading.inputs.plain
        return reading is not None and answered.inputs.digest == reading.inputs.digest

    parts = {
        "base": base.record.id,
        "adapter": adapter.id if adapter else None,
        "dataset": dataset.id,
        "quantization": quantization,
        "generation": _given(generation),
        "likelihoods": likelihoods,
        **_read(reading.inputs if reading else None),
    }
    return Step("respond", Responses, parts, parts_of, make, usable)


def _read(inputs: Inputs | None) -> dict[str, str]:
    """A part that is only there where base and rows alone do not determine what a subject is given."""
    return {} if inputs is None or inputs.plain else {"inputs": inputs.digest}


def _given(generation: GenerationSettings | None) -> dict[str, Any] | None:
    return None if generation is None else generation.model_dump(mode="json", exclude_defaults=True)


def adopting(
    space: Workspace,
    imported: ImportedEvaluation,
    importer: Component,
    dataset: DatasetVersion,
    adapter: Adapter | None,
) -> Step[Responses]:
    """Take over the answers of another tool's log."""
    record, tables = adopt(imported, importer, dataset, adapter, unshown=unshown(imported, adapter))
    return Step("adopt", Responses, _said(record), _said, lambda work: (record, tables))


def _said(responses: Responses) -> dict[str, Any]:
    """What imported answers say, whichever version of the importer read them."""
    content = responses.content()
    content.pop("empty", None)  # earlier versions did not count
    if responses.claim is not None:
        content["claim"]["importer"] = responses.claim.importer.identity
        # Of what the log's digest covers, these were told by the version that imported it.
        for told in ("base", "subject", "settings"):
            content["claim"].pop(told, None)
    return content


_LEFT_OUT = {"unread": "left out"}
"""What the key of an evaluation says besides, where rows that a metric does not read are not measured."""


def evaluating(space: Workspace, bound: BoundProject, responses: Responses) -> Step[Evaluation]:
    """Score what a subject said."""

    def make(work: Path) -> Made[Evaluation]:
        rows = answered_rows(space.ledger, responses)
        measures = [measure for measure in bound.measures.all if measure.metric is not None]
        detectors = bound.detectors()
        return score_responses(responses, rows, measures, detectors, space.progress, leave_out=bool(duty))

    def parts_of(evaluation: Evaluation) -> dict[str, Any]:
        left_out = any(one.left_out is not None for one in evaluation.measurements)
        parts = {"responses": evaluation.responses, "measures": bound.measures.key_of(evaluation)}
        return parts | (_LEFT_OUT if left_out else {})

    def usable(evaluation: Evaluation) -> bool:
        """What failed is tried again by another version of the same component, whose mistake may be mended.

        So is a rate that an earlier version worked out of a log without answers.
        """
        if evaluation.scans and unlogged(space.ledger, responses):
            return False
        installed = {component.name: component.source for component in bound.measures.measured.values()}
        failed = [one.metric for one in evaluation.measurements if one.digest is None]
        return all(installed.get(metric.name, metric.source) == metric.source for metric in failed)

    duty = _LEFT_OUT if bound.release.policy.unread == "left_out" else {}
    parts = {"responses": responses.id, "measures": bound.measures.key, **duty}
    return Step("evaluate", Evaluation, parts, parts_of, make, usable)
