"""Does a decision follow from the records that it names, and from what the ledger held when it was made?

The verdicts' other numbers follow from rows: see :mod:`qlora_gov.verification.intervals`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from qlora_gov.evidence.mending import Scored
from qlora_gov.evidence.policies import Standing, in_force, standing_of
from qlora_gov.records import Absent, Decision, Evaluation, Outcome, Policy, RuleVerdict, look_number
from qlora_gov.stages.gate import outcome_of
from qlora_gov.verification.numbers import close
from qlora_gov.verification.past import Past


def decision_flaws(decision: Decision, past: Past) -> Iterator[str]:
    """What does not follow."""
    policy = past.held(decision.policy, Policy)
    sides = {who: past.held(id_, Evaluation) for who, id_ in decision.sides.items()}
    answered = past.answered(decision.candidate)
    if policy is None or answered is None or None in sides.values():
        yield "it does not name a policy and evaluations that entries before it hold"
        return
    if [item.rule.terms for item in decision.verdicts] != [rule.terms for rule in policy.rules]:
        yield "its verdicts are not on the rules of its policy"
    outcome = outcome_of(policy, {item.rule.name: item.verdict.outcome for item in decision.verdicts})
    if decision.outcome is not outcome:
        yield f"it states {decision.outcome}, from its verdicts follows {outcome}"
    if decision.adapter != answered.adapter:
        yield "the candidate's evaluation is not of its adapter"
    if any(one is None or one.dataset != answered.dataset for one in map(past.answered, decision.sides.values())):
        yield "the evaluations that it compares are not on the same rows"
    yield from _look_flaws(decision, policy, past.looks(answered))
    if decision.passed_over is None or policy.looks_by == "set":
        yield from standing_flaws(decision, _standing(decision, policy, sides, past))
    for item in decision.verdicts:
        yield from _value_flaws(item, sides)


def _standing(decision: Decision, policy: Policy, sides: Mapping[str, Evaluation | None], past: Past) -> Standing:
    """How it stands by the set that was answered; by rows, see :mod:`qlora_gov.verification.looks`."""
    answered = past.answered(decision.candidate)
    assert answered is not None, "it was asked for before"
    answers = past.answers(answered)
    found = in_force(past.policies(policy.purpose), answers) if answers else None
    compared = {
        who: Scored(one, of) for who, one in sides.items() if one and (of := past.answered(decision.sides[who]))
    }
    return standing_of(found, policy, compared, lambda: past.scored(answered))


def standing_flaws(decision: Decision, stands: Standing) -> Iterator[str]:
    """How it states to stand otherwise than it does."""
    if decision.exploratory is not stands.exploratory:
        was = "not in force" if stands.exploratory else "in force"
        yield f"it states otherwise, but its policy was {was} when the candidate first answered these rows"
    elif decision.mended != stands.mended:
        told, found_ = (", ".join(names) or "none" for names in (decision.mended, stands.mended))
        yield f"it states that metrics mended after the answers are {told}, from the entries before it follows {found_}"


def _look_flaws(decision: Decision, policy: Policy, before: int) -> Iterator[str]:
    """Its looks against the decisions ``before`` it on the same set, as far as that tells without the rows."""
    if decision.looks is None:
        if decision.look != 1 + before:
            yield f"it states to be decision {decision.look} on its rows, and {before} are before it"
        if policy.looks_by == "row":
            yield "its policy counts looks by row, and it states none"
    elif set(decision.looks) != {rule.name for rule in policy.rules}:
        yield "it states looks of other rules than those of its policy"
    elif decision.look != look_number(decision.looks):
        yield f"it states to be decision {decision.look} on its rows, by its looks it is {look_number(decision.looks)}"
    for item in decision.verdicts:
        if item.rule.name in decision.untested and (item.verdict.outcome is Outcome.PASS or item.verdict.interval):
            yield f"rule {item.rule.name!r} was not tested, and has an outcome"


def _value_flaws(item: RuleVerdict, sides: dict[str, Evaluation | None]) -> Iterator[str]:
    """A verdict's two values against what was measured; a rule on slices may show those of one slice."""
    verdict, rule = item.verdict, item.rule
    for who, side, stated in (
        ("candidate", sides["candidate"], verdict.candidate),
        (rule.against, sides.get(rule.against), verdict.baseline),
    ):
        if stated is None or side is None:
            continue
        if isinstance(stated, Absent):
            if verdict.outcome is Outcome.PASS:
                yield f"rule {rule.name!r} passes although its {who} was not measured"
            continue
        if rule.where:  # of some rows only: judging again tells, from the rows
            continue
        measured = [one.value for one in side.measurements if one.name == rule.metric]
        own = [one.candidate if who == "candidate" else one.baseline for one in verdict.slices]
        values = [value for value in (*measured, *own) if isinstance(value, float)]
        if not any(close(stated, value) for value in values):
            what = f"{rule.metric} of the {who} is {stated!r}"
            yield f"rule {rule.name!r} says that {what}, the {who}'s evaluation does not"
