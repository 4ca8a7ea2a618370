"""Releases: promote an adapter that a decision allows, roll the champion back, and waive a rule. All on record."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

from qlora_gov.errors import IntegrityError, ReleaseError, TrainingError, UsageError, did_you_mean
from qlora_gov.evidence.aliases import before, current, subject_of
from qlora_gov.evidence.decisions import release_decision
from qlora_gov.evidence.evaluations import responses_of, stored_evaluation
from qlora_gov.ledger import Ledger, verify_lineage
from qlora_gov.ledger.reading import fetch, held
from qlora_gov.pipeline.datasets import curating
from qlora_gov.pipeline.pipeline import Pipeline
from qlora_gov.records import (
    Adapter,
    Alias,
    AliasMove,
    Decision,
    DecisionOutcome,
    Evaluation,
    MoveReason,
    Outcome,
    Policy,
    Waiver,
)
from qlora_gov.stages.train import adapter_files
from qlora_gov.verification import Bench


@dataclass(frozen=True)
class Releases:
    """The moves of a project's aliases."""

    pipeline: Pipeline

    @property
    def ledger(self) -> Ledger:
        """Where moves are recorded."""
        return self.pipeline.space.ledger

    def promote(self, decision_id: str | None, weights: Path | None, author: str | None) -> list[AliasMove]:
        """Make a decision's adapter the champion, and the champion the fallback; nothing where it is champion already.

        Args:
            decision_id: by default the candidate's decision.
            weights: the directory that is about to ship; by default where the adapter is kept.
            author: who promotes.

        Raises:
            ReleaseError: the decision does not allow it, or is not on exactly these weights, this evaluation set,
                this policy and this champion.
            IntegrityError: the evidence behind the decision does not re-derive.
            LedgerMovedError: another process moved an alias meanwhile.
        """
        seen = self.ledger.newest(AliasMove.kind)
        decision = self._decision(decision_id)
        for reason in (*self._other_weights(decision, weights), *self._disallowed(decision), *self._outdated(decision)):
            raise ReleaseError(f"not promoted: {reason}")
        space = self.pipeline.space
        again = Bench(self.ledger, space.catalog, space.root).problems([self.ledger.get(decision.id)])
        if problems := [*verify_lineage(self.ledger, decision.id), *(one for one in again if not one.harmless)]:
            raise IntegrityError(f"not promoted: the evidence does not re-derive: {problems[0]}")
        champion = current(self.ledger, "champion")
        if champion and champion.adapter == decision.adapter:
            return []
        waivers = tuple(waiver.id for waiver in self._waivers(decision).values())
        served = champion.adapter if champion else None
        moves: dict[Alias, str | None] = {"fallback": served, "champion": decision.adapter}
        return self._move(seen, moves, decision.id, MoveReason.PROMOTED, author, waivers)

    def roll_back(self, author: str | None, decision: Decision | None = None) -> list[AliasMove]:
        """Make the fallback champion again, and the champion before that the fallback.

        ``decision`` is what shows the regression. Raises ReleaseError where no adapter serves, or another one than
        the decision is on, and LedgerMovedError where another process moved an alias meanwhile.
        """
        seen = self.ledger.newest(AliasMove.kind)
        champion, fallback = current(self.ledger, "champion"), current(self.ledger, "fallback")
        if champion is None or champion.adapter is None:
            raise ReleaseError("not rolled back: no adapter is champion")
        if decision is not None and decision.adapter != champion.adapter:
            raise ReleaseError("not rolled back: another adapter became champion while this one was judged")
        target = fallback.adapter if fallback else None
        basis, reason = decision.id if decision else None, MoveReason.REGRESSED if decision else MoveReason.ROLLED_BACK
        earlier = before(self.ledger, target)  # never the one that is being rolled back
        moves: dict[Alias, str | None] = {
            "champion": target,
            "fallback": None if earlier == champion.adapter else earlier,
        }
        return self._move(seen, moves, basis, reason, author)

    def roll_back_if_regressed(self, author: str | None) -> tuple[Decision, list[AliasMove]]:
        """Roll back where a regression of the champion is shown; not where the evidence cannot tell."""
        decision = self.pipeline.regression()
        failed = [item.verdict for item in decision.verdicts if item.verdict.outcome is Outcome.FAIL]
        shown = any(verdict.estimate is not None for verdict in failed)  # what was not measured shows nothing
        return decision, self.roll_back(author, decision) if shown else []

    def waive(self, decision_id: str | None, rule: str, author: str, reason: str, expires: date) -> Waiver:
        """Record somebody's word that a decision may be acted on although a rule did not pass.

        Raises UsageError for a rule that passed or is not there, and where author or reason are blank, ReleaseError
        for a rule that is required.
        """
        if not author.strip() or not reason.strip():
            raise UsageError("a waiver takes an author who answers for it, and a reason")
        decision = self._decision(decision_id)
        outcomes = {item.rule.name: item.verdict.outcome for item in decision.verdicts}
        if rule not in outcomes:
            raise UsageError(f"the decision has no rule {rule!r}; {did_you_mean(rule, outcomes)}")
        if outcomes[rule] is Outcome.PASS:
            raise UsageError(f"{rule!r} passed: there is nothing to waive")
        if rule in fetch(self.ledger, decision.policy, Policy).required:
            raise ReleaseError(f"{rule!r} is required by the policy and cannot be waived")
        if expires < _today():
            raise UsageError(f"a waiver that expired on {expires} waives nothing")
        waiver = Waiver(decision=decision.id, rule=rule, author=author, reason=reason, expires=expires)
        self.ledger.append(waiver)
        return waiver

    def _decision(self, decision_id: str | None) -> Decision:
        if decision_id is not None:
            return release_decision(self.ledger, decision_id)
        candidate = current(self.ledger, "candidate")
        if candidate is None or candidate.decision is None:
            raise ReleaseError("there is no candidate: no decision that could promote has been made")
        return fetch(self.ledger, candidate.decision, Decision)

    def _disallowed(self, decision: Decision) -> Iterator[str]:
        """Why the decision itself promotes nothing."""
        if decision.exploratory:
            yield "the decision is exploratory: its policy was recorded after the candidate had answered"
        if decision.outcome is not DecisionOutcome.APPROVED:
            waived = self._waivers(decision)
            for item in decision.verdicts:
                if item.verdict.outcome is not Outcome.PASS and item.rule.name not in waived:
                    yield f"{decision.outcome}: {item.rule.name!r} is {item.verdict.outcome} and no waiver holds for it"

    def _outdated(self, decision: Decision) -> Iterator[str]:
        """What has changed since the decision."""
        if fetch(self.ledger, decision.policy, Policy).terms != self.pipeline.assembly.release.policy.terms:
            yield "the project's policy is not the one that was decided under; run 'qlora-gov gate' again"
        yield from self._overtaken(decision)
        dataset = self._dataset(decision)
        if dataset != self._evaluation_set(dataset):
            yield "the project's evaluation set is not the one that was decided on; run 'qlora-gov run' again"
        champion, compared = current(self.ledger, "champion"), subject_of(self.ledger, decision.champion)
        served = champion.adapter if champion else None
        if served not in (decision.adapter, compared.id if compared else None):
            yield "the champion is no longer the one that the candidate was compared with; run 'qlora-gov run' again"

    def _overtaken(self, decision: Decision) -> Iterator[str]:
        """What newer decisions on the same adapter say against it, the newest first."""
        made = self.ledger.get(decision.id).seq
        for entry in reversed(self.ledger.entries(Decision.kind)):
            newer = held(entry, Decision)
            if entry.seq <= made or newer.adapter != decision.adapter:
                continue
            if fetch(self.ledger, newer.policy, Policy).purpose == "regression":
                if newer.outcome is DecisionOutcome.REFUSED:
                    yield "it was decided since that this adapter has regressed"
            elif not newer.exploratory:
                yield f"a newer decision on this adapter says {newer.outcome}"
        for entry in reversed(self.ledger.entries(AliasMove.kind)):
            move = held(entry, AliasMove)
            undone = move.reason in (MoveReason.ROLLED_BACK, MoveReason.REGRESSED) and move.alias == "champion"
            if undone and entry.seq > made and self._left(move) == decision.adapter:
                yield "this adapter was rolled back since"
        last = stored_evaluation(self.ledger, None, decision.adapter)
        if responses_of(self.ledger, last).dataset != self._dataset(decision):
            yield "this adapter has been evaluated on other rows since; run 'qlora-gov gate' again"

    def _left(self, move: AliasMove) -> str | None:
        """Whom a move of the champion took down."""
        return fetch(self.ledger, move.previous, AliasMove).adapter if move.previous else None

    def _dataset(self, decision: Decision) -> str:
        return responses_of(self.ledger, fetch(self.ledger, decision.candidate, Evaluation)).dataset

    def _evaluation_set(self, decided: str) -> str | None:
        """The id of the project's evaluation set; a project whose evaluations are imported has what was imported."""
        workbench = self.pipeline.assembly.workbench
        if workbench is None:
            return decided
        step = curating(self.pipeline.space, "evaluation", workbench.evaluation_data, None)
        entry = step.find(self.ledger)
        return entry.id if entry else None

    def _other_weights(self, decision: Decision, weights: Path | None) -> Iterator[str]:
        """How the files that are about to ship differ from those that were decided on."""
        adapter = fetch(self.ledger, decision.adapter, Adapter)
        directory = weights or self.pipeline.space.adapter(adapter.digest)
        if not directory.is_dir():
            yield f"there are no weights at {directory}"
            return
        try:
            files = adapter_files(directory)
        except TrainingError as error:
            yield str(error)
            return
        for name in sorted({*files, *adapter.files}):
            if files.get(name) != adapter.files.get(name):
                yield f"{directory / name} is not the file that was decided on"

    def _waivers(self, decision: Decision) -> dict[str, Waiver]:
        """The waivers of a decision that hold today, by their rule."""
        waivers = (held(entry, Waiver) for entry in self.ledger.entries(Waiver.kind))
        return {one.rule: one for one in waivers if one.decision == decision.id and one.expires >= _today()}

    def _move(
        self,
        seen: int,
        adapters: Mapping[Alias, str | None],
        decision: str | None,
        reason: MoveReason,
        author: str | None,
        waivers: tuple[str, ...] = (),
    ) -> list[AliasMove]:
        """Point aliases at adapters, all or none; ``seen`` was the newest move when it was found that they may."""
        last = {alias: current(self.ledger, alias) for alias in adapters}
        moves = [
            AliasMove(
                alias=alias,
                adapter=adapter,
                decision=decision,
                previous=move.id if (move := last[alias]) else None,
                reason=reason,
                author=author,
                waivers=waivers,
            )
            for alias, adapter in adapters.items()
        ]
        self.ledger.append_together(moves, newest=seen)
        return moves


def _today() -> date:
    return datetime.now(UTC).date()
