"""Each stage as a step: what determines its record, and how the record is made from the workspace."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, TypeVar

from qlora_gov import __version__
from qlora_gov.assembly import Assembly, BoundDataset
from qlora_gov.canonical import columns_id, content_id
from qlora_gov.environment import environment
from qlora_gov.errors import IntegrityError
from qlora_gov.examples import Example
from qlora_gov.ledger import read_parquet, write_parquet
from qlora_gov.lookup import looks, responses_of, side
from qlora_gov.models.bases import ResolvedBase
from qlora_gov.models.loading import device
from qlora_gov.models.subject import Subject
from qlora_gov.records import Adapter, DatasetVersion, Decision, Evaluation, Policy, Record, Responses
from qlora_gov.stages.curate import HeldOut, curate
from qlora_gov.stages.evaluate import evaluate, evaluated_rows
from qlora_gov.stages.gate import decide
from qlora_gov.stages.respond import Spool, respond
from qlora_gov.stages.train import is_whole, train
from qlora_gov.tables import Table, clusters_of, examples_of, examples_table
from qlora_gov.workspace import Workspace

R = TypeVar("R", bound=Record)
Made = tuple[R, Mapping[str, Table]]


@dataclass(frozen=True)
class Step(Generic[R]):
    """A stage ready to run.

    ``parts`` is all that determines the record; ``make`` is given a directory that survives a kill and is removed
    once the record is in the ledger; ``usable`` says whether the artefacts of a record found there are at hand.
    """

    name: str
    parts: Mapping[str, Any]
    make: Callable[[Path], Made[R]]
    usable: Callable[[R], bool] = lambda record: True

    @property
    def key(self) -> str:
        """The digest of what determines the record."""
        return content_id({"stage": self.name, "version": __version__, **self.parts})


def stating(record: R) -> Step[R]:
    """A record that is all there is to it: nothing has to be made."""
    return Step(record.kind, {"record": record.id}, lambda work: (record, {}))


def curating(space: Workspace, role: str, data: BoundDataset, held_out: DatasetVersion | None) -> Step[DatasetVersion]:
    """Curate one dataset; an evaluation set's rows go into the ledger, since every number opens to them."""

    def make(work: Path) -> Made[DatasetVersion]:
        clear_of = HeldOut(held_out.id, examples(space, held_out)) if held_out else None
        version, kept = curate(role, data.used_sources(), data.used_steps(), clear_of, space.progress)
        table = examples_table(kept)
        path = space.dataset(version.digest)
        path.parent.mkdir(parents=True, exist_ok=True)
        write_parquet(path, table)
        (path.parent / "manifest.json").write_text(version.model_dump_json(indent=2) + "\n", encoding="utf-8")
        return version, {"examples": table} if role == "evaluation" else {}

    parts = {"role": role, "data": data.key, "held_out": held_out.id if held_out else None}
    return Step("curate", parts, make, lambda version: space.dataset(version.digest).is_file())


def examples(space: Workspace, version: DatasetVersion) -> list[Example]:
    """The rows of a dataset version. Raises IntegrityError where its file holds others."""
    path = space.dataset(version.digest)
    table = read_parquet(path)
    if columns_id(table) != version.digest:
        raise IntegrityError(f"{path}: not the rows of dataset {version.id}; delete the file to have it made again")
    return examples_of(table)


def training(space: Workspace, assembly: Assembly, base: ResolvedBase, dataset: DatasetVersion) -> Step[Adapter]:
    """Train the adapter."""
    trainer, seed = assembly.trainer, space.project.seed

    def make(work: Path) -> Made[Adapter]:
        adapter = train(
            trainer.make(),
            trainer.component,
            base.record,
            base.path,
            dataset,
            examples(space, dataset),
            seed=seed,
            work=work,
            keep=space.adapter,
            environment=environment(space.root, device()),
            progress=space.progress,
        )
        return adapter, {}

    recipe = trainer.component.model_dump(mode="json")
    parts = {"base": base.record.id, "dataset": dataset.id, "recipe": recipe, "seed": seed}
    return Step("train", parts, make, lambda adapter: is_whole(space.adapter(adapter.digest), adapter))


def responding(
    space: Workspace, assembly: Assembly, base: ResolvedBase, adapter: Adapter | None, dataset: DatasetVersion
) -> Step[Responses]:
    """Let a subject answer the evaluation set."""
    likelihoods = any("loglikelihood" in bound.spec.needs for bound in assembly.instruments.metrics)
    quantization, generation = space.project.base.quantization, space.project.evaluation.generation

    def make(work: Path) -> Made[Responses]:
        path = space.adapter(adapter.digest) if adapter else None
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

    parts = {
        "base": base.record.id,
        "adapter": adapter.id if adapter else None,
        "dataset": dataset.id,
        "quantization": quantization,
        "generation": generation.model_dump(mode="json"),
        "likelihoods": likelihoods,
    }
    return Step("respond", parts, make)


def evaluating(space: Workspace, assembly: Assembly, responses: Responses, dataset: DatasetVersion) -> Step[Evaluation]:
    """Score what a subject said."""

    def make(work: Path) -> Made[Evaluation]:
        entry = space.ledger.get(responses.id)
        likelihoods = space.ledger.table(entry, "likelihoods") if responses.likelihoods else None
        rows = evaluated_rows(examples(space, dataset), space.ledger.table(entry, "responses"), likelihoods)
        measures = [measure for measure in assembly.instruments.measures if measure.metric is not None]
        return evaluate(responses, rows, measures, assembly.detectors(), space.progress)

    used = [component.model_dump(mode="json") for component in assembly.instruments.components]
    return Step("evaluate", {"responses": responses.id, "instruments": used}, make)


def deciding(
    space: Workspace, assembly: Assembly, policy: Policy, candidate: Evaluation, champion: Evaluation
) -> Step[Decision]:
    """Judge the candidate against the champion under the policy."""
    ledger = space.ledger

    def make(work: Path) -> Made[Decision]:
        answered = responses_of(ledger, candidate)
        decision = decide(
            policy,
            assembly.used_rules(),
            assembly.instruments.measures,
            side(ledger, candidate),
            side(ledger, champion),
            clusters_of(ledger.table(ledger.get(answered.dataset), "examples")),
            adapter=str(answered.adapter),
            exploratory=ledger.get(policy.id).seq > ledger.get(answered.id).seq,
            look=1 + looks(ledger, answered.dataset),
        )
        return decision, {}

    return Step("gate", {"policy": policy.id, "candidate": candidate.id, "champion": champion.id}, make)
