"""The step that decides on a candidate."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from qlora_gov.evidence.datasets import evaluation_rows, overlap_of
from qlora_gov.evidence.evaluations import responses_of, side
from qlora_gov.evidence.looks import earlier_looks, tried, unjudged
from qlora_gov.evidence.policies import standing, stated
from qlora_gov.ledger.reading import fetch
from qlora_gov.pipeline.step import Made, Step
from qlora_gov.project.binding import BoundPolicy, BoundProject
from qlora_gov.project.workspace import Workspace
from qlora_gov.records import Decision, Evaluation, Policy, Sweep
from qlora_gov.stages.gate import GateInput, decide


@dataclass(frozen=True)
class Baselines:
    """Whom a candidate is compared with: the champion, and the pinned reference where the policy names one."""

    champion: Evaluation
    reference: Evaluation | None = None

    @property
    def by_name(self) -> dict[str, Evaluation]:
        """Each by what rules call it."""
        return {"champion": self.champion} | ({"reference": self.reference} if self.reference else {})


def given(
    space: Workspace, bound: BoundProject, policy: Policy, candidate: Evaluation, baselines: Baselines
) -> GateInput:
    """The evaluations of both sides with readers of their rows, and the decisions that judged these rows before."""
    ledger = space.ledger
    answered = responses_of(ledger, candidate)
    sides = [one.id for one in (candidate, *baselines.by_name.values())]
    passed_over = unjudged(ledger, sides)
    trials = tried(ledger, sides, passed_over)
    return GateInput(
        side(ledger, candidate),
        {name: side(ledger, evaluation) for name, evaluation in baselines.by_name.items()},
        evaluation_rows(ledger, answered.dataset),
        bound.measures.all,
        earlier=earlier_looks(ledger, answered.dataset, policy, passed_over, trials),
        passed_over=passed_over,
        overlap=overlap_of(ledger, answered.adapter, answered.dataset),
        trials=trials,
    )


def deciding(
    space: Workspace, bound: BoundProject, rules: BoundPolicy, candidate: Evaluation, baselines: Baselines
) -> Step[Decision]:
    """Judge the candidate under a policy that is on record."""
    sides = {"candidate": candidate.id} | {name: evaluation.id for name, evaluation in baselines.by_name.items()}

    def make(work: Path) -> Made[Decision]:
        answered = responses_of(space.ledger, candidate)
        assert answered.adapter is not None, "a candidate is an adapter"
        stands = standing(space.ledger, rules.policy, {"candidate": candidate, **baselines.by_name})
        if stands.why is not None:
            space.notice(f"exploratory: {stands.why}")
        decision = decide(
            rules.policy,
            rules.make(),
            given(space, bound, rules.policy, candidate, baselines),
            stated=stated(space.ledger, rules.policy).id,
            adapter=answered.adapter,
            exploratory=stands.exploratory,
            mended=stands.mended,
        )
        return decision, {}

    def parts_of(decision: Decision) -> dict[str, str]:
        return {"policy": fetch(space.ledger, decision.policy, Policy).terms, **decision.sides}

    counts = (Decision.kind, Evaluation.kind, Sweep.kind)
    return Step("gate", Decision, {"policy": rules.policy.terms, **sides}, parts_of, make, counts=counts)
