"""The stages in order. The only place that appends to the ledger."""

from __future__ import annotations

import shutil
import socket
import time
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TypeVar, cast

from pydantic import JsonValue

from qlora_gov import steps
from qlora_gov.assembly import Assembly, assemble
from qlora_gov.canonical import bytes_id
from qlora_gov.gathering import evidence_of
from qlora_gov.lookup import newest, responses_of, stored_evaluation
from qlora_gov.models.bases import ResolvedBase, resolve_base
from qlora_gov.models.extras import require_training_libraries
from qlora_gov.records import Adapter, Card, DatasetVersion, Decision, Evaluation, Policy, Record
from qlora_gov.registry import moves, opponent
from qlora_gov.reports.assembly import card_context
from qlora_gov.reports.render import render_card
from qlora_gov.steps import Step
from qlora_gov.workspace import Workspace

R = TypeVar("R", bound=Record)


@dataclass(frozen=True)
class Pipeline:
    """One project's way from data to a decision and its card."""

    space: Workspace

    @cached_property
    def assembly(self) -> Assembly:
        """Everything that the project uses, checked."""
        return assemble(self.space.project, self.space.catalog, self.space.root)

    def run(self) -> Decision:
        """The whole path as far as the decision; what is in the ledger already is not done again."""
        policy, candidate, champion = self._evaluated()
        return self._decide(policy, candidate, champion)

    def train(self) -> Adapter:
        """The path as far as the adapter."""
        return self._trained()[0]

    def evaluate(self) -> tuple[Evaluation, Evaluation]:
        """The path as far as the evaluations of candidate and champion."""
        _, candidate, champion = self._evaluated()
        return candidate, champion

    def gate(self, adapter_id: str | None) -> Decision:
        """Decide on an adapter's stored evaluation, without a model."""
        ledger = self.space.ledger
        adapter = newest(ledger, Adapter, adapter_id)
        against = opponent(ledger, adapter)
        candidate = stored_evaluation(ledger, adapter.base, adapter.id)
        answers = responses_of(ledger, candidate)
        champion = stored_evaluation(ledger, adapter.base, against.id if against else None, like=answers)
        return self._decide(self._policy(), candidate, champion)

    def card(self, decision: Decision) -> Path:
        """Write a decision's model card; the same records give the same bytes."""
        about = self._done(steps.stating(self.space.project.about))
        evidence = evidence_of(self.space.ledger, decision, about)
        rendered = render_card(card_context(evidence))
        card = Card(
            decision=decision.id,
            about=about.id,
            head=evidence.head.hash,
            templates=rendered.templates,
            files={"card.md": bytes_id(rendered.text.encode())},
        )
        path = self.space.card(card.id) / "card.md"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(rendered.text.encode())
        self._done(steps.stating(card))
        return path

    def _evaluated(self) -> tuple[Policy, Evaluation, Evaluation]:
        policy = self._policy()  # before anything that it judges
        adapter, base, held_out = self._trained()
        champion = self._evaluation(base, opponent(self.space.ledger, adapter), held_out)
        candidate = self._evaluation(base, adapter, held_out)
        return policy, candidate, champion

    def _trained(self) -> tuple[Adapter, ResolvedBase, DatasetVersion]:
        self.assembly.require()  # now, not after hours of work
        require_training_libraries()
        settings = self.space.project.base
        base = resolve_base(settings.model, root=self.space.root, licence=settings.licence)
        self._done(steps.stating(base.record))
        held_out = self._done(steps.curating(self.space, "evaluation", self.assembly.evaluation_data, None))
        dataset = self._done(steps.curating(self.space, "training", self.assembly.training_data, held_out))
        return self._done(steps.training(self.space, self.assembly, base, dataset)), base, held_out

    def _evaluation(self, base: ResolvedBase, adapter: Adapter | None, dataset: DatasetVersion) -> Evaluation:
        responses = self._done(steps.responding(self.space, self.assembly, base, adapter, dataset))
        return self._done(steps.evaluating(self.space, self.assembly, responses, dataset))

    def _policy(self) -> Policy:
        return self._done(steps.stating(self.assembly.policy))

    def _decide(self, policy: Policy, candidate: Evaluation, champion: Evaluation) -> Decision:
        decision = self._done(steps.deciding(self.space, self.assembly, policy, candidate, champion))
        for move in moves(self.space.ledger, decision):
            self.space.ledger.append(move)
        return decision

    def _done(self, step: Step[R]) -> R:
        """The record under the step's key, if its artefacts are there too; else make, append and return it."""
        key, ledger = step.key, self.space.ledger
        found = ledger.find(key)
        if found is not None and step.usable(cast(R, found.record)):
            return cast(R, found.record)
        started, work = time.monotonic(), self.space.work(key)
        record, rows = step.make(work)
        facts: dict[str, JsonValue] = {"host": socket.gethostname(), "seconds": round(time.monotonic() - started, 3)}
        ledger.append(record, key=key, rows=rows, facts=facts)
        shutil.rmtree(work, ignore_errors=True)  # only now: a kill before this line loses nothing
        return record
