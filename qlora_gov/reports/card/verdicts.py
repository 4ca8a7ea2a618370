"""The parts of a card that say what was decided: the decision, the policy's settings, rules and slices."""

from __future__ import annotations

from qlora_gov.records import Absent, Decision, Interval, Policy, Rule, RuleVerdict, SliceFinding
from qlora_gov.reports.card.absence import or_absent
from qlora_gov.reports.card.context.findings import DecisionPart, PolicyPart, RuleLine, SlicedRule, SliceLine
from qlora_gov.reports.rendering.digits import Places, places_of, slice_places

_NOT_GIVEN = "the rule gave none"
_OWN = {"rule", "required", "outcome", "reason", "interval", "places", "value_places"}
"""What a line holds beside numbers of the verdict that may be missing."""

_INCONCLUSIVE = {
    "blocks": "A rule that could not tell keeps the adapter from release, as one that failed does.",
    "tolerated": "A rule that could not tell is tolerated where it is not required and another rule passed.",
}
_FIRST_LOOK = {
    "halve_alpha": "Each further decision on the same rows will be tested at half the alpha of the one before.",
    "fresh_rows": "No further decision on the same rows can pass a rule: it takes fresh ones.",
    "count": "Further decisions on the same rows are counted, and tested at the same alpha.",
}
_FURTHER_LOOK = {
    "halve_alpha": "Each decision on the same rows is tested at half the alpha of the one before, so that every rule "
    "of this one was tested at 1/{part:,} of its own.",
    "fresh_rows": "Only the first decision on a set of rows can pass a rule, so that no rule of this one could.",
    "count": "Decisions on the same rows are counted only, so that this one was tested at the same alpha as the first.",
}
_BY_RULE = {
    "halve_alpha": "Each further look at all rows of a rule halves its alpha, and one at some of them lessens it by as "
    "much as they are a share of its rows.",
    "fresh_rows": "Only rows that no decision has judged before can pass a rule.",
    "count": "Decisions on the same rows are counted only, so that this one was tested at the same alpha as the first.",
}


def decision_part(decision: Decision, policy: Policy) -> DecisionPart:
    """The decision with its rules, the worst outcome first and otherwise in the policy's order."""
    rules = sorted(decision.verdicts, key=lambda item: item.verdict.outcome.rank)
    return DecisionPart(
        id=decision.id,
        outcome=decision.outcome,
        exploratory=decision.exploratory,
        look=decision.look,
        partly=decision.whole_looks is None,
        passed_over=bool(decision.undecided),
        mended=decision.mended,
        rules=tuple(_rule(item, item.rule.name in policy.required, decision.edition) for item in rules),
        notices=decision.notices,
    )


def policy_part(policy: Policy, decision: Decision) -> PolicyPart:
    """The policy's own settings, and what they meant for this decision."""
    if decision.look == 1:
        looks = _FIRST_LOOK[policy.further_looks]
    elif decision.whole_looks is None or decision.undecided:
        looks = f"{_BY_RULE[policy.further_looks]} {_row_looks(decision)}"
    else:
        looks = _FURTHER_LOOK[policy.further_looks].format(part=2**decision.whole_looks)
    return PolicyPart(
        id=policy.id,
        required=policy.required,
        inconclusive=_INCONCLUSIVE[policy.inconclusive],
        further_looks=looks,
        notes=(*map(_accepted, (rule for rule in policy.rules if rule.accept_vacuous)), *policy.narrow_slices),
    )


def sliced_rules(decision: Decision) -> tuple[SlicedRule, ...] | Absent:
    """Champion against candidate by slice, for each rule that looks at slices, in the policy's order."""
    sliced = [item for item in decision.verdicts if item.verdict.slices]
    if not sliced:
        return Absent(absent="no rule of the policy looks at slices")
    return tuple(
        SlicedRule(
            rule=item.rule,
            slices=tuple(
                _slice(found, slice_places(item.verdict, found, decision.edition)) for found in item.verdict.slices
            ),
        )
        for item in sliced
    )


def _accepted(rule: Rule) -> str:
    return f"{rule.name!r} says nothing of a candidate. The project keeps it: {rule.accept_vacuous}"


def _row_looks(decision: Decision) -> str:
    """How often the rows of each rule had been judged before."""
    by_number: dict[float, list[str]] = {}
    for rule, number in sorted((decision.looks or {}).items()):
        by_number.setdefault(number, []).append(rule)
    told = (f"{number:.3g} times on average for {', '.join(names)}" for number, names in sorted(by_number.items()))
    return f"Rows had been judged before {'; '.join(told)}."


def _rule(item: RuleVerdict, required: bool, edition: int) -> RuleLine:
    verdict, places = item.verdict, places_of(item.verdict, edition)
    given = {name: or_absent(getattr(verdict, name), _NOT_GIVEN) for name in RuleLine.model_fields.keys() - _OWN}
    return RuleLine(
        rule=item.rule,
        required=required,
        outcome=verdict.outcome,
        reason=verdict.reason,
        interval=_interval(verdict.interval),
        places=places.contrast,
        value_places=places.values,
        **given,
    )


def _slice(found: SliceFinding, places: Places) -> SliceLine:
    return SliceLine(
        slice=found.slice,
        outcome=found.outcome,
        reason=found.reason,
        baseline=found.baseline,
        candidate=found.candidate,
        estimate=or_absent(found.estimate, _NOT_GIVEN),
        interval=_interval(found.interval),
        threshold=found.threshold,
        rows=found.rows,
        clusters=found.clusters,
        places=places.contrast,
        value_places=places.values,
    )


def _interval(interval: Interval | None) -> Interval | Absent:
    nothing = interval is None or interval.low is interval.high is None
    return or_absent(None if nothing else interval, _NOT_GIVEN)
