"""A decision for machines: one typed context, which is the JSON form, and from which every other form is made.

Its JSON Schema is ``DecisionReport.model_json_schema(mode="serialization")``. ``null`` stands for what a rule did not
give; a value that could not be measured is an object ``{"absent": reason}``. No text of a prompt or an answer is in it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Literal

from pydantic import Field

from qlora_gov.records import (
    Adapter,
    DatasetVersion,
    Decision,
    DecisionOutcome,
    Frozen,
    Head,
    Outcome,
    Policy,
    Responses,
    RuleVerdict,
    Verdict,
)
from qlora_gov.records.record import Link, refuse_other_records
from qlora_gov.reports.decision.regressed import RegressedRow
from qlora_gov.reports.rendering.digits import places_of


class RuleReport(Frozen):
    """One rule of the policy, what came of it, and the rows that speak against it."""

    name: str = Field(description="the rule's name")
    gate: str = Field(description="plugin/name of the gate that judged")
    metric: str = Field(description="what it judges")
    against: Literal["champion", "reference"] = Field(description="whom it compares with")
    tolerated: bool = Field(description="it could not tell, and the policy lets that pass")
    verdict: Verdict = Field(description="what came of it")
    edition: int = Field(default=1, exclude=True, description="of the decision's reports")
    regressed: tuple[RegressedRow, ...] = Field(description="the worst rows of a rule that did not pass")

    @property
    def places(self) -> int | None:
        """The decimal places that its interval supports; none: four digits."""
        return places_of(self.verdict, self.edition).contrast

    @property
    def value_places(self) -> int | None:
        """The same of the two sides' values."""
        return places_of(self.verdict, self.edition).values

    @property
    def blocks(self) -> bool:
        """Whether this rule alone keeps the adapter from being approved."""
        return self.verdict.outcome is not Outcome.PASS and not self.tolerated


class ComparedWith(Frozen):
    """Whom the candidate is compared with."""

    base: str | None = Field(description="id of the base record; null where imported answers name none")
    adapter: str | None = Field(description="id of the adapter record; null where the base answered alone")


class EvaluationSet(Frozen):
    """The rows that both sides answered."""

    id: str = Field(description="id of the dataset record")
    digest: str = Field(description="of the rows themselves")
    rows: int = Field(description="how many there are")


class DecisionReport(Frozen):
    """A whole decision. Rules stand in the policy's order."""

    schema_version: Literal[2] = Field(default=2, description="rises where a consumer must change")
    decision: str = Field(description="id of the decision record, as are all ids here unless said otherwise")
    outcome: DecisionOutcome = Field(description="what the decision says of the candidate")
    edition: int = Field(default=1, exclude=True, description="of words and figures; what people read, not machines")
    exploratory: bool = Field(description="the policy was recorded after the candidate answered: it cannot promote")
    look: int = Field(description="how many decisions the evaluation set had then seen, this one included")
    passed_over: bool = Field(
        default=False, exclude=True, description="whether evaluations that no decision judged are among the looks"
    )
    overtaken: str | None = Field(
        default=None,
        exclude_if=lambda overtaken: overtaken is None,
        description="what is on record against acting on the decision now; left out where nothing is",
    )
    mended: tuple[str, ...] = Field(
        default=(), description="metrics whose code is younger than the answers; left out where there are none"
    )
    adapter: str = Field(description="id of the adapter record")
    adapter_digest: str = Field(description="digest of the adapter's files")
    policy: str = Field(description="id of the policy record")
    champion: ComparedWith = Field(description="the baseline of rules against the champion")
    reference: ComparedWith | None = Field(description="the pinned one, where the policy names one")
    evaluation_set: EvaluationSet = Field(description="what both sides answered")
    rules: tuple[RuleReport, ...] = Field(description="each rule")
    notices: tuple[str, ...] = Field(
        default=(),
        exclude_if=lambda notices: not notices,
        description="what a reader should know that no verdict says; left out where there is nothing",
    )
    project: str = Field(description="the project file, relative to the repository's root where there is one")
    commit: str | None = Field(description="the project's git commit when the candidate answered")
    dirty: bool | None = Field(description="whether there were changes beside that commit")
    head: Head = Field(description="the ledger's newest entry when the decision had been made")

    @property
    def objection(self) -> str | None:
        """Why the adapter cannot be promoted on this decision, where no rule alone shows it."""
        if self.exploratory:
            return "it is exploratory: the policy was recorded after the candidate answered"
        if self.overtaken is not None:
            return f"it is superseded: {self.overtaken}"
        if not self.rules:
            return "the policy has no rules, so nothing was judged"
        if self.outcome is not DecisionOutcome.APPROVED and not any(rule.blocks for rule in self.rules):
            return f"it is {self.outcome}, although no rule alone blocks it"
        return None


def decision_report(
    decision: Decision,
    policy: Policy,
    *,
    adapter: Adapter,
    candidate: Responses,
    champion: Responses,
    reference: Responses | None,
    evaluation_set: DatasetVersion,
    regressed: Mapping[str, Sequence[RegressedRow]],
    project: str,
    head: Head,
    overtaken: str | None = None,
) -> DecisionReport:
    """The report of a decision, from its records and its worst rows by the rule's name.

    ``project`` is the path of the project file from the repository's root, with forward slashes. Rows of a rule that
    passed are left out. Raises IntegrityError for records that do not name each other.
    """
    sides = (candidate, champion, reference)
    refuse_other_records("decision report", _links(decision, policy, adapter, sides, evaluation_set))
    environment = candidate.environment
    return DecisionReport(
        decision=decision.id,
        outcome=decision.outcome,
        edition=decision.edition,
        exploratory=decision.exploratory,
        look=decision.look,
        passed_over=bool(decision.undecided),
        overtaken=overtaken,
        mended=decision.mended,
        adapter=adapter.id,
        adapter_digest=adapter.digest,
        policy=policy.id,
        champion=_compared(champion),
        reference=None if reference is None else _compared(reference),
        evaluation_set=EvaluationSet(id=evaluation_set.id, digest=evaluation_set.digest, rows=evaluation_set.rows),
        rules=tuple(
            _rule(item, policy, regressed.get(item.rule.name, ()), decision.edition) for item in decision.verdicts
        ),
        notices=decision.notices,
        project=project,
        commit=None if environment is None else environment.git_commit,
        dirty=None if environment is None else environment.git_dirty,
        head=head,
    )


def decision_json(report: DecisionReport) -> str:
    """The report as JSON text."""
    return report.model_dump_json(indent=2, exclude=None if report.mended else {"mended"}) + "\n"


def _links(
    decision: Decision,
    policy: Policy,
    adapter: Adapter,
    sides: Sequence[Responses | None],
    evaluation_set: DatasetVersion,
) -> Iterator[Link]:
    yield "the decision's policy", decision.policy, policy.id
    yield "the decision's adapter", decision.adapter, adapter.id
    yield "the adapter that answered", sides[0].adapter if sides[0] else None, adapter.id
    for side, responses in zip(("candidate", "champion", "reference"), sides, strict=True):
        if responses is not None:
            yield f"the {side}'s evaluation set", responses.dataset, evaluation_set.id


def _compared(responses: Responses) -> ComparedWith:
    return ComparedWith(base=responses.base, adapter=responses.adapter)


def _rule(item: RuleVerdict, policy: Policy, regressed: Sequence[RegressedRow], edition: int) -> RuleReport:
    rule, outcome = item.rule, item.verdict.outcome
    return RuleReport(
        name=rule.name,
        gate=rule.gate.name,
        metric=rule.metric,
        against=rule.against,
        tolerated=(
            outcome is Outcome.INCONCLUSIVE and policy.inconclusive == "tolerated" and rule.name not in policy.required
        ),
        verdict=item.verdict,
        edition=edition,
        regressed=() if outcome is Outcome.PASS else tuple(regressed),
    )
