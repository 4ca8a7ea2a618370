"""The stages in order. Only here, and in releases, is anything appended to the ledger."""

from __future__ import annotations

import shutil
import socket
import time
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TypeVar

from pydantic import JsonValue

from qlora_gov.canonical import bytes_id, content_id, tree_id
from qlora_gov.errors import ModelError, ReleaseError, TrainingError, UsageError
from qlora_gov.evidence.adapters import adapter_of
from qlora_gov.evidence.aliases import candidacy, opponent, pinned, serving
from qlora_gov.evidence.card import evidence_of
from qlora_gov.evidence.evaluations import responses_of, stored_evaluation
from qlora_gov.evidence.imports import refuse_other_subject
from qlora_gov.evidence.policies import policies
from qlora_gov.ledger.reading import fetch, held
from qlora_gov.models.bases import ResolvedBase, resolve_base
from qlora_gov.models.extras import require_training_libraries
from qlora_gov.pipeline.card import showing
from qlora_gov.pipeline.datasets import adopting_rows, curating
from qlora_gov.pipeline.evaluation import adopting, evaluating, responding
from qlora_gov.pipeline.gating import Opponents, contest, deciding
from qlora_gov.pipeline.reporting import report_of
from qlora_gov.pipeline.step import Step, stating
from qlora_gov.pipeline.training import training
from qlora_gov.plugin.specs import ImporterSpec
from qlora_gov.project.binding import Assembly, assemble
from qlora_gov.project.workspace import Workspace
from qlora_gov.records import (
    Adapter,
    AliasMove,
    Base,
    Card,
    DatasetVersion,
    Decision,
    Evaluation,
    Policy,
    Record,
    RuleVerdict,
)
from qlora_gov.reports.card.assembly import card_context
from qlora_gov.reports.card.files import card_files
from qlora_gov.reports.decision.report import DecisionReport
from qlora_gov.stages.gate import judge
from qlora_gov.stages.imports import read_log
from qlora_gov.stages.train import adapter_files, is_whole

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
        candidate, opponents = self.evaluate()
        return self._decide(candidate, opponents)

    def train(self) -> Adapter:
        """The path as far as the adapter."""
        return self._trained(*self._prepared())

    def evaluate(self) -> tuple[Evaluation, Opponents]:
        """The path as far as the evaluations of the candidate and of whom it is compared with."""
        policy = self.policy()  # before anything that it judges
        base, held_out = self._prepared()
        if policy.reference is not None:
            pinned(self.space.ledger, policy.reference)  # one that is not there is told now, not after the training
        adapter = self._trained(base, held_out)
        against = opponent(self.space.ledger, adapter)
        opponents = Opponents(self._evaluation(base, against, held_out), self._reference(policy, base, held_out))
        return self._evaluation(base, adapter, held_out), opponents

    def policy(self) -> Policy:
        """Record the policy, and what it calls a regression, before the evaluations that they are to judge.

        The one that was recorded last is in force, so one that another has followed is recorded again.
        """
        self._state(self.assembly.regression.policy)
        return self._state(self.assembly.release.policy)

    def import_log(self, tool: str, path: Path, weights: Path | None) -> Evaluation:
        """Score what another tool logged of the adapter with these weights, or of the base without one."""
        self.assembly.instruments.require()  # a library that is missing must not be recorded as a metric's failure
        self.policy()
        bound = self.space.catalog.bind(ImporterSpec, tool, {}, root=self.space.root, where="import")
        bound.require()
        imported = read_log(bound.make(), bound.component, path)
        adapter = self._adopted(weights) if weights else None
        refuse_other_subject(self.space.ledger, imported, adapter)
        dataset = self._done(adopting_rows(self.space, imported, bound.component))
        responses = self._done(adopting(self.space, imported, bound.component, dataset, adapter))
        return self._done(evaluating(self.space, self.assembly, responses, dataset))

    def gate(self, adapter_id: str | None) -> Decision:
        """Decide on an adapter's stored evaluation, by default on the newest one, without a model."""
        policy = self.policy()
        return self._decide(*self._stored(self._subject(adapter_id, policy.reference)))

    def plan(self, adapter_id: str | None) -> tuple[RuleVerdict, ...]:
        """What the stored evaluation of an adapter says of the rows that each rule takes; nothing is recorded."""
        release = self.assembly.release
        candidate, opponents = self._stored(self._subject(adapter_id, release.policy.reference))
        return judge(release.policy, release.make(), contest(self.space, self.assembly, candidate, opponents, look=1))

    def regression(self) -> Decision:
        """Evaluate champion and fallback on the project's evaluation set, and decide whether the champion regressed.

        Raises ReleaseError where no adapter serves.
        """
        ledger, rules = self.space.ledger, self.assembly.regression
        champion, fallback = serving(ledger, "champion"), serving(ledger, "fallback")
        if champion is None:
            raise ReleaseError("no adapter is champion, so none can have regressed")
        self.policy()
        if self.assembly.workbench is None:
            sides = self._pair(champion, fallback)
        else:
            base, held_out = self._prepared()
            sides = (self._evaluation(base, champion, held_out), self._evaluation(base, fallback, held_out))
        return self._done(deciding(self.space, self.assembly, rules, sides[0], Opponents(sides[1])))

    def report(self, decision: Decision) -> DecisionReport:
        """What the machine-readable forms of a decision are made from."""
        return report_of(self.space, decision, self.assembly.instruments.measures)

    def card(self, decision: Decision) -> Path:
        """Write the files of a decision's card into a directory; the same records give the same bytes."""
        about = self._done(stating(self.space.project.about))
        evidence = evidence_of(self.space.ledger, decision, about)
        files = card_files(card_context(evidence), self.space.templates)
        card = Card(
            decision=decision.id,
            about=about.id,
            head=evidence.head.hash,
            templates=files.templates,
            files={name: bytes_id(text.encode()) for name, text in files.texts.items()},
        )
        step = showing(card)
        known = step.find(self.space.ledger)
        directory = self.space.card(known.id if known else card.id)
        directory.mkdir(parents=True, exist_ok=True)
        for name, text in files.texts.items():
            (directory / name).write_bytes(text.encode())
        self._done(step)
        return directory

    def _state(self, policy: Policy) -> Policy:
        recorded = policies(self.space.ledger, policy.purpose)
        if recorded and held(recorded[-1], Policy).terms == policy.terms:
            return held(recorded[-1], Policy)
        after = recorded[-1].seq if recorded else 0
        return held(self.space.ledger.append(policy, key=content_id({"policy": policy.id, "after": after})), Policy)

    def _prepared(self) -> tuple[ResolvedBase, DatasetVersion]:
        """The base at hand, and the frozen evaluation set."""
        workbench = self.assembly.trains()
        self.assembly.require()  # now, not after hours of work
        require_training_libraries()
        settings = self.space.project.base
        base = resolve_base(settings.model, root=self.space.root, licence=settings.licence)
        base = replace(base, record=self._done(stating(base.record)))
        return base, self._done(curating(self.space, "evaluation", workbench.evaluation_data, None))

    def _trained(self, base: ResolvedBase, held_out: DatasetVersion) -> Adapter:
        workbench = self.assembly.trains()
        dataset = self._done(curating(self.space, "training", workbench.training_data, held_out))
        return self._done(training(self.space, workbench.trainer, base, dataset))

    def _evaluation(self, base: ResolvedBase, adapter: Adapter | None, dataset: DatasetVersion) -> Evaluation:
        """A subject's evaluation; an adapter that was trained on another base answers on that one."""
        if adapter is not None and adapter.base != base.record.id:
            base = self._base_of(adapter)
        responses = self._done(responding(self.space, self.assembly, base, adapter, dataset))
        return self._done(evaluating(self.space, self.assembly, responses, dataset))

    def _base_of(self, adapter: Adapter) -> ResolvedBase:
        if adapter.base is None:
            raise ModelError(f"adapter {adapter.id} was not trained here: import its evaluation, or train one")
        record = fetch(self.space.ledger, adapter.base, Base)
        base = resolve_base(record.reference, root=self.space.root, licence=record.licence)
        if base.record.content_digest != record.content_digest:
            raise ModelError(f"{record.reference} is no longer the base that adapter {adapter.id} was trained on")
        return replace(base, record=record)

    def _reference(self, policy: Policy, base: ResolvedBase, dataset: DatasetVersion) -> Evaluation | None:
        if policy.reference is None:
            return None
        return self._evaluation(base, pinned(self.space.ledger, policy.reference), dataset)

    def _subject(self, adapter_id: str | None, reference: str | None) -> Adapter:
        """The adapter with an id, or the one that was evaluated last and is not what the policy pins."""
        ledger = self.space.ledger
        if adapter_id is not None:
            return fetch(ledger, adapter_id, Adapter)
        for entry in reversed(ledger.entries(Evaluation.kind)):
            answered = responses_of(ledger, held(entry, Evaluation))
            if answered.adapter not in (None, reference):
                return fetch(ledger, str(answered.adapter), Adapter)
        raise UsageError("no adapter has been evaluated yet; 'qlora-gov run' or 'import' does that")

    def _stored(self, adapter: Adapter) -> tuple[Evaluation, Opponents]:
        """The evaluations in the ledger of an adapter and of whom it is compared with."""
        ledger, reference = self.space.ledger, self.assembly.release.policy.reference
        candidate, champion = self._pair(adapter, opponent(ledger, adapter))
        if reference is None:
            return candidate, Opponents(champion)
        return candidate, Opponents(champion, self._pair(adapter, pinned(ledger, reference))[1])

    def _pair(self, adapter: Adapter, against: Adapter | None) -> tuple[Evaluation, Evaluation]:
        ledger = self.space.ledger
        candidate = stored_evaluation(ledger, None, adapter.id)
        answers = responses_of(ledger, candidate)
        other = stored_evaluation(ledger, answers.base, against.id if against else None, like=answers)
        return self._by_these(candidate), self._by_these(other)

    def _by_these(self, evaluation: Evaluation) -> Evaluation:
        """What the project's instruments made of the same answers, where they did: others may have come later."""
        ledger = self.space.ledger
        responses = responses_of(ledger, evaluation)
        dataset = fetch(ledger, responses.dataset, DatasetVersion)
        found = evaluating(self.space, self.assembly, responses, dataset).find(ledger)
        return held(found, Evaluation) if found else evaluation

    def _adopted(self, weights: Path) -> Adapter:
        """The record of an adapter's files; one that is known already is found by its digest."""
        try:
            files = adapter_files(weights)
        except TrainingError as error:
            raise ModelError(f"{error}; copy the adapter's own files into a directory of their own") from error
        known = adapter_of(self.space.ledger, tree_id(files))
        adapter = known or Adapter(base=None, dataset=None, files=files, digest=tree_id(files), training=None)
        kept = self.space.adapter(adapter.digest)
        if not is_whole(kept, adapter):  # a ledger may be shared, files are not
            for name in files:  # these and no others: a directory may hold links to anything
                (kept / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(weights / name, kept / name)
        return known or self._done(stating(adapter))

    def _decide(self, candidate: Evaluation, opponents: Opponents) -> Decision:
        ledger, release = self.space.ledger, self.assembly.release
        decision = self._done(deciding(self.space, self.assembly, release, candidate, opponents))
        seen = ledger.newest(AliasMove.kind)
        move = candidacy(ledger, decision)
        if move is not None:
            ledger.append(move, newest=seen)
        return decision

    def _done(self, step: Step[R]) -> R:
        """The record under the step's key, if its artefacts are there too; else make, append and return it."""
        key, ledger = step.key, self.space.ledger
        found = step.find(ledger)
        if found is not None and step.usable(held(found, step.of)):
            return held(found, step.of)
        seen = ledger.newest(step.of.kind) if step.counts else None
        started, work = time.monotonic(), self.space.work(key)
        record, rows = step.make(work)
        if found is None or not step.usable(held(found, step.of)):  # or its artefacts were lost, and are there again
            seconds = round(time.monotonic() - started, 3)
            facts: dict[str, JsonValue] = {"host": socket.gethostname(), "seconds": seconds}
            found = ledger.append(record, key=key, rows=rows, facts=facts, newest=seen)
        shutil.rmtree(work, ignore_errors=True)  # only now: a kill before this line loses nothing
        return held(found, step.of)  # as it will be read ever after: JSON knows no 0.0 beside 0
