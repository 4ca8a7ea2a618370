"""The records that a model card rests on, and the check that they belong together."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from qlora_gov.errors import IntegrityError
from qlora_gov.records import About, Adapter, Base, DatasetVersion, Decision, Evaluation, Policy, Responses
from qlora_gov.reports.context import LedgerHead


@dataclass(frozen=True)
class Subject:
    """One side of the comparison: its scores, and the answers that were scored."""

    evaluation: Evaluation
    responses: Responses


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """Everything that a model card says, as records of one ledger.

    ``aliases`` maps each movable name to the id of the adapter record that it pointed at when ``head`` was the
    ledger's last entry. Raises IntegrityError for records that do not name each other.
    """

    about: About
    decision: Decision
    policy: Policy
    candidate: Subject
    champion: Subject
    adapter: Adapter
    base: Base
    training: DatasetVersion
    evaluation: DatasetVersion
    head: LedgerHead
    aliases: Mapping[str, str]

    def __post_init__(self) -> None:
        for what, named, given in self._links():
            if named != given:
                raise IntegrityError(f"card: {what} is {named}, but the record given is {given}")
        if len(self.decision.verdicts) < len(self.policy.rules):
            judged, rules = len(self.decision.verdicts), len(self.policy.rules)
            raise IntegrityError(f"card: the decision has {judged} verdicts for a policy of {rules} rules")

    def _links(self) -> Iterator[tuple[str, str | None, str]]:
        yield "the decision's policy", self.decision.policy, self.policy.id
        yield "the decision's candidate", self.decision.candidate, self.candidate.evaluation.id
        yield "the decision's champion", self.decision.champion, self.champion.evaluation.id
        yield "the decision's adapter", self.decision.adapter, self.adapter.id
        yield "the candidate's adapter", self.candidate.responses.adapter, self.adapter.id
        yield "the adapter's base", self.adapter.base, self.base.id
        yield "the adapter's training set", self.adapter.dataset, self.training.id
        for side, subject in (("candidate", self.candidate), ("champion", self.champion)):
            yield f"the {side}'s responses", subject.evaluation.responses, subject.responses.id
            yield f"the {side}'s evaluation set", subject.responses.dataset, self.evaluation.id
