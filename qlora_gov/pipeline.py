"""The stages in order. The only place that appends to the ledger.

A stage's *key* is the digest of what determines its record; a stage whose key is in the ledger is not run again.
"""

from __future__ import annotations

import shutil
import socket
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar, cast

from pydantic import JsonValue

from qlora_gov import __version__
from qlora_gov.assembly import Assembly, BoundDataset, assemble
from qlora_gov.canonical import content_id, file_id
from qlora_gov.environment import environment
from qlora_gov.evidence import evidence_of
from qlora_gov.examples import Example
from qlora_gov.ledger import read_parquet, write_parquet
from qlora_gov.lookup import looks, newest, responses_of, side, stored_evaluation
from qlora_gov.models.bases import ResolvedBase, resolve_base
from qlora_gov.models.extras import require_training_libraries
from qlora_gov.models.loading import device
from qlora_gov.models.subject import Subject
from qlora_gov.records import (
    Adapter,
    Card,
    DatasetVersion,
    Decision,
    Environment,
    Evaluation,
    Policy,
    Record,
    Responses,
)
from qlora_gov.registry import moves, opponent
from qlora_gov.reports.assembly import card_context
from qlora_gov.reports.render import render_card
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
class Pipeline:
    """One project's way from data to a decision."""

    space: Workspace

    @cached_property
    def assembly(self) -> Assembly:
        """Everything that the project uses, checked."""
        return assemble(self.space.project, self.space.catalog, self.space.root)

    def run(self) -> Decision:
        """The whole path; what is in the ledger already is not done again."""
        policy, adapter, candidate, champion = self._evaluated()
        return self.decision(policy, adapter, candidate, champion)

    def train(self) -> Adapter:
        """The path as far as the adapter."""
        self._require()
        self.policy()
        return self.adapter(self.base(), self.training_set(self.evaluation_set()))

    def evaluate(self) -> tuple[Evaluation, Evaluation]:
        """The path as far as the evaluations of candidate and champion."""
        _, _, candidate, champion = self._evaluated()
        return candidate, champion

    def gate(self, adapter_id: str | None) -> Decision:
        """Decide on an adapter's stored evaluation, without a model."""
        ledger = self.space.ledger
        adapter = newest(ledger, Adapter, adapter_id)
        champion = opponent(ledger, adapter)
        candidate_evaluation = stored_evaluation(ledger, adapter.base, adapter.id)
        champion_evaluation = stored_evaluation(ledger, adapter.base, champion.id if champion else None)
        return self.decision(self.policy(), adapter, candidate_evaluation, champion_evaluation)

    def _require(self) -> None:
        """Fail before any work, not after hours of it."""
        self.assembly.require()
        require_training_libraries()

    def _evaluated(self) -> tuple[Policy, Adapter, Evaluation, Evaluation]:
        self._require()
        policy = self.policy()
        base = self.base()
        held_out = self.evaluation_set()
        adapter = self.adapter(base, self.training_set(held_out))
        champion = self.evaluation(base, opponent(self.space.ledger, adapter), held_out)
        candidate = self.evaluation(base, adapter, held_out)
        return policy, adapter, candidate, champion

    # --- stages -------------------------------------------------------------------------------------------------

    def policy(self) -> Policy:
        """Record the rules, before anything that they judge."""
        policy = self.assembly.policy
        return self._stage("policy", {"policy": policy.id}, lambda key: (policy, {}))

    def base(self) -> ResolvedBase:
        """Resolve the base model and record what it is."""
        settings = self.space.project.base
        base = resolve_base(settings.model, root=self.space.root, licence=settings.licence)
        self._stage("base", {"base": base.record.id}, lambda key: (base.record, {}))
        return base

    def evaluation_set(self) -> DatasetVersion:
        """Freeze the evaluation set; its rows go into the ledger, since every number opens to them."""
        return self._dataset("evaluation", self.assembly.evaluation_data, None)

    def training_set(self, held_out: DatasetVersion) -> DatasetVersion:
        """Curate the training data, kept clear of the evaluation set."""
        return self._dataset("training", self.assembly.training_data, held_out)

    def _dataset(self, role: str, data: BoundDataset, held_out: DatasetVersion | None) -> DatasetVersion:
        def make(key: str) -> Made[DatasetVersion]:
            clear_of = HeldOut(held_out.id, self.examples(held_out)) if held_out else None
            version, examples = curate(role, data.used_sources(), data.used_steps(), clear_of, self.space.progress)
            table = examples_table(examples)
            path = self.space.dataset(version.digest)
            path.parent.mkdir(parents=True, exist_ok=True)
            write_parquet(path, table)
            (path.parent / "manifest.json").write_text(version.model_dump_json(indent=2) + "\n", encoding="utf-8")
            return version, {"examples": table} if role == "evaluation" else {}

        return self._stage(
            "curate",
            {"role": role, "data": data.key, "held_out": held_out.id if held_out else None},
            make,
            lambda version: self.space.dataset(version.digest).is_file(),
        )

    def examples(self, version: DatasetVersion) -> list[Example]:
        """The rows of a dataset version."""
        return examples_of(read_parquet(self.space.dataset(version.digest)))

    def adapter(self, base: ResolvedBase, dataset: DatasetVersion) -> Adapter:
        """Train the adapter."""
        trainer, seed, space = self.assembly.trainer, self.space.project.seed, self.space

        def make(key: str) -> Made[Adapter]:
            adapter = train(
                trainer.make(),
                trainer.component,
                base.record,
                base.path,
                dataset,
                self.examples(dataset),
                seed=seed,
                work=space.work(key),
                keep=space.adapter,
                environment=self._environment(),
                progress=space.progress,
            )
            return adapter, {}

        recipe = trainer.component.model_dump(mode="json")
        return self._stage(
            "train",
            {"base": base.record.id, "dataset": dataset.id, "recipe": recipe, "seed": seed},
            make,
            lambda adapter: is_whole(space.adapter(adapter.digest), adapter),
        )

    def evaluation(self, base: ResolvedBase, adapter: Adapter | None, dataset: DatasetVersion) -> Evaluation:
        """Let a subject answer the evaluation set, and score what it said."""
        responses = self._responses(base, adapter, dataset)
        assembly = self.assembly

        def make(key: str) -> Made[Evaluation]:
            entry = self.space.ledger.get(responses.id)
            likelihoods = self.space.ledger.table(entry, "likelihoods") if responses.likelihoods else None
            rows = evaluated_rows(self.examples(dataset), self.space.ledger.table(entry, "responses"), likelihoods)
            measures = [measure for measure in assembly.instruments.measures if measure.metric is not None]
            return evaluate(responses, rows, measures, assembly.detectors(), self.space.progress)

        used = [component.model_dump(mode="json") for component in assembly.instruments.components]
        return self._stage("evaluate", {"responses": responses.id, "instruments": used}, make)

    def _responses(self, base: ResolvedBase, adapter: Adapter | None, dataset: DatasetVersion) -> Responses:
        project, space = self.space.project, self.space
        likelihoods = any("loglikelihood" in bound.spec.needs for bound in self.assembly.instruments.metrics)
        quantization, generation = project.base.quantization, project.evaluation.generation

        def make(key: str) -> Made[Responses]:
            path = space.adapter(adapter.digest) if adapter else None
            made = respond(
                Subject.load(base.path, path, quantization=quantization),
                base.record,
                adapter,
                dataset,
                self.examples(dataset),
                quantization=quantization,
                generation=generation,
                likelihoods=likelihoods,
                spool=Spool(space.work(key) / "responses.jsonl"),
                environment=self._environment(),
                progress=space.progress,
            )
            shutil.rmtree(space.work(key))
            return made

        parts = {
            "base": base.record.id,
            "adapter": adapter.id if adapter else None,
            "dataset": dataset.id,
            "quantization": quantization,
            "generation": generation.model_dump(mode="json"),
            "likelihoods": likelihoods,
        }
        return self._stage("respond", parts, make)

    def decision(self, policy: Policy, adapter: Adapter, candidate: Evaluation, champion: Evaluation) -> Decision:
        """Judge the candidate against the champion under the policy, and move the aliases that this moves."""
        ledger = self.space.ledger
        answered = ledger.get(candidate.responses)
        dataset = responses_of(ledger, candidate).dataset

        def make(key: str) -> Made[Decision]:
            decision = decide(
                policy,
                self.assembly.used_rules(),
                self.assembly.instruments.measures,
                side(ledger, candidate),
                side(ledger, champion),
                clusters_of(ledger.table(ledger.get(dataset), "examples")),
                adapter=adapter.id,
                exploratory=ledger.get(policy.id).seq > answered.seq,
                look=1 + looks(ledger, dataset),
            )
            return decision, {}

        parts = {"policy": policy.id, "candidate": candidate.id, "champion": champion.id}
        decision = self._stage("gate", parts, make)
        for move in moves(ledger, decision):
            ledger.append(move)
        return decision

    def card(self, decision: Decision) -> Path:
        """Write the decision's model card; the same decision gives the same bytes."""
        about = self.space.project.about
        self._stage("about", {"about": about.id}, lambda key: (about, {}))
        evidence = evidence_of(self.space.ledger, decision, about)
        rendered = render_card(card_context(evidence))
        path = self.space.card(decision.id) / "card.md"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(rendered.text, encoding="utf-8")
        card = Card(
            decision=decision.id,
            about=about.id,
            head=evidence.head.hash,
            templates=rendered.templates,
            files={path.name: file_id(path)},
        )
        self._stage("card", {"card": card.id}, lambda key: (card, {}))
        return path

    # --- help ---------------------------------------------------------------------------------------------------

    def _stage(
        self,
        name: str,
        parts: Mapping[str, Any],
        make: Callable[[str], Made[R]],
        usable: Callable[[R], bool] = lambda record: True,
    ) -> R:
        """The record under the key, if its artefacts are there too; else make, append and return it."""
        key = content_id({"stage": name, "version": __version__, **parts})
        found = self.space.ledger.find(key)
        if found is not None and usable(cast(R, found.record)):
            return cast(R, found.record)
        started = time.monotonic()
        record, rows = make(key)
        facts: dict[str, JsonValue] = {"host": socket.gethostname(), "seconds": round(time.monotonic() - started, 3)}
        self.space.ledger.append(record, key=key, rows=rows, facts=facts)
        return record

    def _environment(self) -> Environment:
        return environment(self.space.root, device())
