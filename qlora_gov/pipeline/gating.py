"""The step that decides on a candidate."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from qlora_gov.evidence.decisions import looks
from qlora_gov.evidence.evaluations import examples_behind, responses_of, side
from qlora_gov.evidence.policies import exploratory, stated
from qlora_gov.ledger.reading import fetch
from qlora_gov.pipeline.step import Made, Step
from qlora_gov.project.binding import Assembly, BoundPolicy
from qlora_gov.project.workspace import Workspace
from qlora_gov.records import Decision, Evaluation, Policy
from qlora_gov.stages.gate import Contest, decide


@dataclass(frozen=True)
class Opponents:
    """Whom a candidate is compared with: the champion, and the pinned reference where the policy names one."""

    champion: Evaluation
    reference: Evaluation | None = None

    @property
    def by_name(self) -> dict[str, Evaluation]:
        """Each by what rules call it."""
        return {"champion": self.champion} | ({"reference": self.reference} if self.reference else {})


def contest(
    space: Workspace, assembly: Assembly, candidate: Evaluation, opponents: Opponents, look: int | None = None
) -> Contest:
    """The evaluations of both sides with readers of their rows; by default the next look at these rows."""
    ledger = space.ledger
    answered = responses_of(ledger, candidate)
    return Contest(
        side(ledger, candidate),
        {name: side(ledger, evaluation) for name, evaluation in opponents.by_name.items()},
        examples_behind(ledger, answered),
        assembly.instruments.measures,
        1 + looks(ledger, answered.dataset) if look is None else look,
    )


def deciding(
    space: Workspace, assembly: Assembly, rules: BoundPolicy, candidate: Evaluation, opponents: Opponents
) -> Step[Decision]:
    """Judge the candidate under a policy that is on record."""
    terms = rules.policy.terms
    sides = {"candidate": candidate.id} | {name: evaluation.id for name, evaluation in opponents.by_name.items()}

    def make(work: Path) -> Made[Decision]:
        answered = responses_of(space.ledger, candidate)
        assert answered.adapter is not None, "a candidate is an adapter"
        decision = decide(
            rules.policy,
            rules.make(),
            contest(space, assembly, candidate, opponents),
            stated=stated(space.ledger, rules.policy).id,
            adapter=answered.adapter,
            exploratory=exploratory(space.ledger, answered, rules.policy),
        )
        return decision, {}

    def made(decision: Decision) -> bool:
        return decision.sides == sides and fetch(space.ledger, decision.policy, Policy).terms == terms

    return Step("gate", Decision, {"policy": terms, **sides}, made, make, counts=True)
