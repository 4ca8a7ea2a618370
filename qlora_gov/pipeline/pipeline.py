"""The stages in order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TypeVar

from qlora_gov.errors import ModelError, PluginError, ReleaseError, UndecidableError, UsageError
from qlora_gov.evidence.aliases import adapter_at, baseline, pinned
from qlora_gov.evidence.choices import Names, candidates, chosen, paired
from qlora_gov.evidence.datasets import evaluation_rows
from qlora_gov.evidence.evaluations import responses_of
from qlora_gov.ledger.reading import fetch, held
from qlora_gov.models.bases import ResolvedBase
from qlora_gov.models.extras import require_training_libraries
from qlora_gov.pipeline.bases import project_base, recorded_base
from qlora_gov.pipeline.card import write_card
from qlora_gov.pipeline.datasets import curating
from qlora_gov.pipeline.evaluation import evaluating, responding
from qlora_gov.pipeline.foreseeing import foreseen, held_out_rows
from qlora_gov.pipeline.gating import Baselines, deciding, given
from qlora_gov.pipeline.imports import import_responses
from qlora_gov.pipeline.inputs import Readings
from qlora_gov.pipeline.recorder import Recorder
from qlora_gov.pipeline.rehearsal import rehearse
from qlora_gov.pipeline.reporting import report_of
from qlora_gov.pipeline.step import Step, stating
from qlora_gov.pipeline.training import tuning
from qlora_gov.project.binding import BoundProject, bind_project
from qlora_gov.project.workspace import Workspace
from qlora_gov.records import (
    Adapter,
    DatasetVersion,
    Decision,
    Evaluation,
    Policy,
    Record,
    Responses,
)
from qlora_gov.reports.decision.report import DecisionReport
from qlora_gov.stages.foresee import Foreseen, hopeless
from qlora_gov.stages.gate import judge
from qlora_gov.stages.plan import Planned, planned

R = TypeVar("R", bound=Record)


@dataclass(frozen=True)
class Pipeline:
    """One project's way from data to a decision and its card.

    ``anyway`` trains although no answers could pass the policy. ``further`` are looks at the rows, besides those on
    record, that a decision on the adapter will have to count.
    """

    space: Workspace
    anyway: bool = False
    further: int = 0

    @cached_property
    def _readings(self) -> Readings:
        return Readings(self.space, self.bound)

    @property
    def _recorder(self) -> Recorder:
        return Recorder(self.space)

    @cached_property
    def bound(self) -> BoundProject:
        """Everything that the project uses, checked."""
        bound = bind_project(self.space.project, self.space.catalog, self.space.root, self.space.notice)
        for notice in bound.release.notices:
            self.space.notice(notice)
        return bound

    def run(self) -> Decision:
        """The whole path as far as the decision; what is in the ledger already is not done again."""
        return self._decide(*self.train_and_evaluate())

    def datasets(self) -> tuple[DatasetVersion, DatasetVersion]:
        """The frozen evaluation set, and the training set that is kept clear of it."""
        setup = self.bound.trains()
        setup.evaluation_data.require()
        setup.training_data.require()
        held_out = self._recorder.done(curating(self.space, "evaluation", setup.evaluation_data, None))
        return held_out, self._recorder.done(curating(self.space, "training", setup.training_data, held_out))

    def train(self) -> Adapter:
        """The path as far as the adapter."""
        return self._trained(*self._prepared())

    def train_and_evaluate(self) -> tuple[Evaluation, Baselines]:
        """The path as far as the evaluations of the candidate and of whom it is compared with."""
        policy = self.policy()  # before anything that it judges
        base, held_out = self._prepared()
        if policy.reference is not None:
            pinned(self.space.ledger, policy.reference)  # one that is not there is told now, not after the training
        adapter = self._trained(base, held_out)
        against = [baseline(self.space.ledger, adapter)]
        if policy.reference is not None:
            against.append(pinned(self.space.ledger, policy.reference))
        *others, candidate = self._evaluations(base, held_out, [*against, adapter])
        return candidate, Baselines(*others)

    def policy(self) -> Policy:
        """Record the policy, and what it calls a regression, before the evaluations that they are to judge."""
        self._recorder.state(self.bound.regression.policy)
        return self._recorder.state(self.bound.release.policy)

    def import_log(self, tool: str, path: Path, weights: Path | None, tasks: Sequence[str] = ()) -> Evaluation:
        """Score what another tool logged of the adapter with these weights, or of the base without one.

        With ``tasks``, of these alone.
        """
        self.bound.measures.require()  # a library that is missing must not be recorded as a metric's failure
        self.policy()
        return self._scored(import_responses(self._recorder, tool, path, weights, tasks))

    def gate(self, adapter_id: str | None, names: Names | None = None) -> Decision:
        """Decide on an adapter's stored evaluation, by default on the newest one, without a model."""
        stored = self._stored(self._subject(adapter_id, self.bound.release.policy.reference), names)
        self.policy()  # only now: what is refused for want of an evaluation leaves no entry
        return self._decide(*stored)

    def plan(self, adapter_id: str | None, names: Names | None = None) -> tuple[Planned, ...]:
        """What the stored evaluation of an adapter says of the rows that each rule takes; nothing is recorded."""
        release = self.bound.release
        candidate, baselines = self._stored(self._subject(adapter_id, release.policy.reference), names)
        first = replace(given(self.space, self.bound, release.policy, candidate, baselines), earlier=None)
        return planned(judge(release.policy, release.make(), first), first)

    def foreseen(self) -> list[Foreseen]:
        """What the project's evaluation rows can show of each rule before they are answered; nothing is recorded."""
        return foreseen(self.space, self.bound, *held_out_rows(self.space, self.bound.trains().evaluation_data))

    def regression(self) -> Decision:
        """Evaluate champion and fallback on the project's evaluation set, and decide whether the champion regressed.

        Raises ReleaseError where no adapter serves.
        """
        ledger, rules = self.space.ledger, self.bound.regression
        champion, fallback = adapter_at(ledger, "champion"), adapter_at(ledger, "fallback")
        if champion is None:
            raise ReleaseError("no adapter is champion, so none can have regressed")
        self.policy()
        if self.bound.setup is None:
            now, then = self._paired(champion, [fallback], Names())
        else:
            now, then = self._evaluations(*self._prepared(), [champion, fallback])
        return self._recorder.done(deciding(self.space, self.bound, rules, now, Baselines(then)))

    def report(self, decision: Decision) -> DecisionReport:
        """What the machine-readable forms of a decision are made from."""
        return report_of(self.space, decision, self.bound.measures.all)

    def sides(self, decision: Decision) -> dict[str, Evaluation]:
        """The evaluations that a decision compares, by what rules call their side."""
        return {who: fetch(self.space.ledger, id_, Evaluation) for who, id_ in decision.sides.items()}

    def data_of(self, decision: Decision) -> list[DatasetVersion]:
        """The evaluation set of a decision, and the training set of its adapter where it was trained here."""
        ledger = self.space.ledger
        answered, adapter = responses_of(ledger, self.sides(decision)["candidate"]), None
        if answered.adapter is not None:
            adapter = fetch(ledger, answered.adapter, Adapter)
        ids = [answered.dataset, *([adapter.dataset] if adapter is not None and adapter.dataset else [])]
        return [fetch(ledger, id_, DatasetVersion) for id_ in ids]

    def card(self, decision: Decision) -> Path:
        """Write the files of a decision's card; returns their directory."""
        return write_card(self._recorder, decision)

    def _prepared(self) -> tuple[ResolvedBase, DatasetVersion]:
        """The base at hand, and the frozen evaluation set."""
        setup = self.bound.trains()
        self.bound.require()  # now, not after hours of work
        self.bound.make()
        require_training_libraries()
        base = project_base(self.space)
        base = replace(base, record=self._recorder.done(stating(base.record)))
        return base, self._recorder.done(curating(self.space, "evaluation", setup.evaluation_data, None))

    def _trained(self, base: ResolvedBase, held_out: DatasetVersion) -> Adapter:
        setup = self.bound.trains()
        dataset = self._recorder.done(curating(self.space, "training", setup.training_data, held_out))
        step = tuning(self.space, setup.trainer, base, dataset)
        if not self._recorder.has(step):
            reading = self._readings.of(base, held_out)
            reading.refuse()  # now, not after the training
            for notice in reading.notices:
                self.space.notice(notice)
            self._foresee(held_out)
        return self._rehearsed(step, held_out)

    def _foresee(self, held_out: DatasetVersion) -> None:
        """Say which rules these rows cannot decide, before a training that would be in vain."""
        rows = evaluation_rows(self.space.ledger, held_out.id)
        found = foreseen(self.space, self.bound, held_out, rows, self.further)
        vain = hopeless(self.bound.release.policy, found)
        if vain and self.space.project.strict and not self.anyway:
            lines = [str(one.sentence) for one in vain]
            raise UndecidableError(*lines, "nothing was trained; --anyway trains all the same")
        for one in found:
            if one.sentence is not None:
                self.space.notice(one.sentence)

    def _evaluations(
        self, base: ResolvedBase, dataset: DatasetVersion, subjects: Sequence[Adapter | None]
    ) -> list[Evaluation]:
        """The evaluations of subjects that are compared: what they are given is the same."""
        pairs = [(self._base_of(base, adapter), adapter) for adapter in subjects]
        before = [responding(self.space, self.bound, *pair, dataset, None) for pair in pairs]
        if all(map(self._recorder.has, before)):  # all of them answered before anybody wrote down what they were given
            steps = before
        else:
            readings = [self._readings.of(base, dataset) for base, _ in pairs]
            steps = [
                responding(self.space, self.bound, *pair, dataset, reading)
                for pair, reading in zip(pairs, readings, strict=True)
            ]
        return [self._scored(self._rehearsed(step, dataset)) for step in steps]

    def _base_of(self, base: ResolvedBase, adapter: Adapter | None) -> ResolvedBase:
        """What an adapter answers on: the base that it was trained on."""
        if adapter is None or adapter.base == base.record.id:
            return base
        if adapter.base is None:
            raise ModelError(f"adapter {adapter.id} was not trained here: import its evaluation, or train one")
        return recorded_base(self.space, adapter.base)

    def _rehearsed(self, step: Step[R], held_out: DatasetVersion) -> R:
        """A step that takes long, after a rehearsal where it is not done yet. Raises PluginError for what fails there.

        Under the first schema, where a metric that fails closed the gate after the training, it is told and no more.
        """
        if not self._recorder.has(step) and held_out.id not in self._heard:
            faults = rehearse(self.bound, evaluation_rows(self.space.ledger, held_out.id), self.space.progress)
            if faults and self.space.project.strict:
                raise PluginError(*(f"before the training: {fault}" for fault in faults))
            for fault in faults:
                self.space.notice(f"{fault}; under 'schema: 2' this ends a run before it trains")
            self._heard.add(held_out.id)
        return self._recorder.done(step)

    @cached_property
    def _heard(self) -> set[str]:
        """The evaluation sets on which a rehearsal was held."""
        return set()

    def _scored(self, responses: Responses) -> Evaluation:
        return self._recorder.done(evaluating(self.space, self.bound, responses))

    @property
    def evaluated(self) -> bool:
        """Whether an adapter has been evaluated that could be a candidate."""
        ledger, reference = self.space.ledger, self.bound.release.policy.reference
        answered = (responses_of(ledger, held(entry, Evaluation)) for entry in ledger.entries(Evaluation.kind))
        return any(one.adapter not in (None, reference) for one in answered)

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

    def _stored(self, adapter: Adapter, names: Names | None) -> tuple[Evaluation, Baselines]:
        """The evaluations in the ledger of an adapter and of whom it is compared with."""
        ledger, reference = self.space.ledger, self.bound.release.policy.reference
        pin = [] if reference is None else [pinned(ledger, reference)]
        candidate, *others = self._paired(adapter, [baseline(ledger, adapter), *pin], names or Names())
        return candidate, Baselines(*others)

    def _paired(self, adapter: Adapter, others: Sequence[Adapter | None], names: Names) -> list[Evaluation]:
        """An adapter's evaluation, and those of others on the same rows; None stands for the base."""
        ledger = self.space.ledger
        candidate = chosen(ledger, candidates(ledger, adapter.id), names.evaluation, "--evaluation")
        against = paired(ledger, candidate, [other.id if other else None for other in others], names.against)
        return [self._by_these(one.evaluation) for one in (candidate, *against)]

    def _by_these(self, evaluation: Evaluation) -> Evaluation:
        """What the project's measures made of the same answers, where they did: others may have come later."""
        ledger = self.space.ledger
        found = evaluating(self.space, self.bound, responses_of(ledger, evaluation)).find(ledger)
        return held(found, Evaluation) if found else evaluation

    def _decide(self, candidate: Evaluation, baselines: Baselines) -> Decision:
        decision = self._recorder.done(deciding(self.space, self.bound, self.bound.release, candidate, baselines))
        self._recorder.name_candidate(decision)
        return decision
