"""Doing what is not done yet, and putting it on record."""

from __future__ import annotations

import shutil
import socket
import time
from dataclasses import dataclass
from typing import TypeVar

from pydantic import JsonValue

from qlora_gov.canonical import content_id
from qlora_gov.evidence.aliases import candidacy
from qlora_gov.evidence.decisions import superseding
from qlora_gov.evidence.policies import recorded_policies
from qlora_gov.ledger.reading import held
from qlora_gov.pipeline.step import Step
from qlora_gov.project.workspace import Workspace
from qlora_gov.records import AliasMove, Decision, Policy, Record

R = TypeVar("R", bound=Record)


@dataclass(frozen=True)
class Recorder:
    """The hand that writes for the pipeline; besides, only releases append to a ledger."""

    space: Workspace

    def has(self, step: Step[R]) -> bool:
        """Whether the record under the step's key is there with its artefacts."""
        found = step.find(self.space.ledger)
        return found is not None and step.usable(held(found, step.of))

    def done(self, step: Step[R]) -> R:
        """The record under the step's key, if its artefacts are there too; else make, append and return it."""
        key, ledger = step.key, self.space.ledger
        found = step.find(ledger)
        if found is not None and step.usable(held(found, step.of)):
            return held(found, step.of)
        seen = ledger.newest(*step.counts) if step.counts else None
        started, work = time.monotonic(), self.space.work(key)
        record, rows = step.make(work)
        if found is None or not step.usable(held(found, step.of)):  # or its artefacts were lost, and are there again
            seconds = round(time.monotonic() - started, 3)
            facts: dict[str, JsonValue] = {"host": socket.gethostname(), "seconds": seconds}
            found = ledger.append(record, key=key, rows=rows, facts=facts, seen=seen)
        shutil.rmtree(work, ignore_errors=True)  # only now: a kill before this line loses nothing
        return held(found, step.of)  # as it will be read ever after: JSON knows no 0.0 beside 0

    def state(self, policy: Policy) -> Policy:
        """Record a policy. The last one is in force, so one that another has followed is recorded again."""
        recorded = recorded_policies(self.space.ledger, policy.purpose)
        if recorded and held(recorded[-1], Policy).terms == policy.terms:
            return held(recorded[-1], Policy)
        after = recorded[-1].seq if recorded else 0
        return held(self.space.ledger.append(policy, key=content_id({"policy": policy.id, "after": after})), Policy)

    def name_candidate(self, decision: Decision) -> None:
        """Make a decision's adapter the candidate, where it may be; a newer decision on it is what speaks for it."""
        ledger = self.space.ledger
        seen = ledger.newest(AliasMove.kind)
        move = candidacy(ledger, decision)
        if move is not None and superseding(ledger, decision) is None:
            ledger.append(move, seen=seen)
