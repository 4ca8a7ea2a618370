"""The records that a model card rests on, and the check that they belong together."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from qlora_gov.errors import IntegrityError
from qlora_gov.records import About, Adapter, Base, DatasetVersion, Decision, Evaluation, Head, Policy, Responses
from qlora_gov.records.record import Link, refuse_other_records
from qlora_gov.reports.dataset.context import DataChanges

Side = Literal["candidate", "champion", "reference"]


@dataclass(frozen=True)
class SubjectRecords:
    """One side of the comparison: its scores, and the answers that were scored.

    ``others`` counts the imported answers of the same subject to the same rows that were on record, and were not used.
    """

    evaluation: Evaluation
    responses: Responses
    others: int = 0


@dataclass(frozen=True, kw_only=True)
class CardRecords:
    """Everything that a model card says, as records of one ledger.

    ``base`` and ``training`` are None for an adapter that was trained elsewhere, ``reference`` where the policy pins
    none. ``since`` is what the training set changed against that of the champion compared with, where both were trained
    here, on different rows. ``aliases`` maps each movable name to the id of the adapter record that it pointed at when
    ``head`` was the ledger's last entry, or to None for the base alone. Raises IntegrityError for records that do not
    name each other.
    """

    about: About
    decision: Decision
    policy: Policy
    candidate: SubjectRecords
    champion: SubjectRecords
    reference: SubjectRecords | None
    adapter: Adapter
    base: Base | None
    training: DatasetVersion | None
    evaluation: DatasetVersion
    head: Head
    aliases: Mapping[str, str | None]
    since: DataChanges | None = None

    def __post_init__(self) -> None:
        refuse_other_records("card", self._links())
        if [item.rule.terms for item in self.decision.verdicts] != [rule.terms for rule in self.policy.rules]:
            judged, rules = len(self.decision.verdicts), len(self.policy.rules)
            raise IntegrityError(f"card: the decision has {judged} verdicts on other rules than the policy's {rules}")

    @property
    def subjects(self) -> Mapping[Side, SubjectRecords]:
        """Every side by what reports call it, the candidate first."""
        sides: dict[Side, SubjectRecords] = {"candidate": self.candidate, "champion": self.champion}
        return sides | ({} if self.reference is None else {"reference": self.reference})

    @property
    def evaluations(self) -> tuple[Evaluation, ...]:
        """What was measured on every side, the candidate's first."""
        return tuple(subject.evaluation for subject in self.subjects.values())

    def _links(self) -> Iterator[Link]:
        yield "the decision's policy", self.decision.policy, self.policy.id
        yield "the decision's candidate", self.decision.candidate, self.candidate.evaluation.id
        yield "the decision's champion", self.decision.champion, self.champion.evaluation.id
        reference = None if self.reference is None else self.reference.evaluation.id
        yield "the decision's reference", self.decision.reference, reference
        if self.reference is not None:
            yield "the policy's reference", self.policy.reference, self.reference.responses.adapter or "base"
        yield "the decision's adapter", self.decision.adapter, self.adapter.id
        yield "the candidate's adapter", self.candidate.responses.adapter, self.adapter.id
        yield "the adapter's base", self.adapter.base, None if self.base is None else self.base.id
        yield "the adapter's training set", self.adapter.dataset, None if self.training is None else self.training.id
        for side, subject in self.subjects.items():
            yield f"the {side}'s responses", subject.evaluation.responses, subject.responses.id
            yield f"the {side}'s evaluation set", subject.responses.dataset, self.evaluation.id
