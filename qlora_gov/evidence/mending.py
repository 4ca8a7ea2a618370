"""Metrics mended after the answers: which may be, without the decision on these answers becoming exploratory.

Whoever mends a metric has its numbers to gain, so this asks what can be seen of it: that nothing else changed, and that
no code of it but the present one ever gave a number for these rows, to anybody. See docs/decisions.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from qlora_gov.records import Component, Declared, Evaluation, Measurement, Policy, Responses, Rule


@dataclass(frozen=True)
class Scored:
    """What was measured on some answers."""

    evaluation: Evaluation
    responses: Responses

    @property
    def answers(self) -> tuple[str | None, str]:
        """Who answered what, under whatever id it is on record."""
        return self.responses.adapter, self.responses.digest


class NotMendedError(Exception):
    """Why a policy is another one than that in force, and not the same with a metric mended."""


def mended_metrics(then: Policy, now: Policy, sides: Mapping[str, Scored], scored: Iterable[Scored]) -> tuple[str, ...]:
    """The metrics by whose mending ``now`` came from ``then``, the policy in force when the candidate first answered.

    ``sides`` are those that a decision compares, by what rules call them; ``scored`` all evaluations of its rows.
    A metric that shares a source file with a mended one has another source too: it is let pass where it demonstrably
    is what it was, a mean whose statistics on the answers of both sides are the same, to the bit.

    Raises NotMendedError where the policies differ in anything else, and where a mended metric is required.
    """
    if _but_for_sources(then) != _but_for_sources(now):
        raise NotMendedError("the policy differs in more than the source of metrics")
    past, mended = list(scored), []
    for before, rule in zip(then.rules, now.rules, strict=True):
        if before.terms == rule.terms:
            continue
        case = _Case.of(before, rule, sides, past)
        if case.is_unchanged():
            continue
        case.refuse_unless_failed()
        if rule.name in now.required:
            raise NotMendedError(f"{rule.metric} was mended, and {rule.name!r} is required")
        mended.append(rule.metric)
    return tuple(sorted(set(mended)))


def _but_for_sources(policy: Policy) -> dict[str, Any]:
    """What a policy demands, but for the code of what it measures."""
    rules = [rule.terms | {"measured": _named(rule.measured)} for rule in policy.rules]
    return policy.content() | {"rules": rules}


def _named(component: Component | None) -> Any:
    """What stays of a component when it is mended. One that comes with the program has a revision, and stays whole."""
    if component is None:
        return None
    known_by_source = "source" in component.meaning
    return {"name": component.name, "settings": dict(component.settings)} if known_by_source else component.identity


@dataclass(frozen=True)
class _Case:
    """One metric that has another source now: what that code makes of both sides, and what others made of the rows."""

    metric: str
    against: str
    now: Mapping[str, Measurement]
    then: Mapping[str, Sequence[Measurement]]
    others: Sequence[Measurement]

    @classmethod
    def of(cls, before: Rule, rule: Rule, sides: Mapping[str, Scored], scored: Sequence[Scored]) -> _Case:
        old, new = before.measured, rule.measured
        if old is None or new is None:
            raise NotMendedError(f"the policy in force does not say which code measures {rule.metric}")
        compared = {who: sides[who] for who in ("candidate", rule.against) if who in sides}
        found = [(one, m) for one in scored for m in one.evaluation.measurements if _named(m.metric) == _named(new)]
        now = {who: m for who, side in compared.items() for m in side.evaluation.measurements if _same(m, new)}
        if now.keys() != {"candidate", rule.against}:
            raise NotMendedError(f"the code of {rule.metric} that is installed has not measured both sides")
        then = {
            who: [m for one, m in found if one.answers == side.answers and _same(m, old)]
            for who, side in compared.items()
        }
        return cls(rule.metric, rule.against, now, then, [m for _, m in found if not _same(m, new)])

    def is_unchanged(self) -> bool:
        """Whether the code in force made the very same of both sides, by an aggregate that is the core's."""
        return all(
            any(isinstance(old.value, float) and _made_the_same(old, new) for old in self.then[who])
            for who, new in self.now.items()
        )

    def refuse_unless_failed(self) -> None:
        """Raise NotMendedError unless no other code gave a number, and that in force failed on the baseline too.

        A metric that fails on the candidate alone may fail *because of* its answers: who could mend it then would have
        the candidate judged twice.
        """
        name = self.metric
        if any(isinstance(one.value, float) for one in self.others):
            raise NotMendedError(f"other code of {name} gave numbers for these rows")
        if not self.then[self.against]:
            raise NotMendedError(f"the code of {name} in force was not tried on the {self.against}, only another one")
        told = {_told(one.declared) for one in (*self.others, *self.now.values())}
        if len(told) > 1 or None in told:
            raise NotMendedError(f"{name} has another direction or kind of margin than before, or none is on record")


def _same(measurement: Measurement, component: Component) -> bool:
    return measurement.metric.identity == component.identity


def _made_the_same(old: Measurement, new: Measurement) -> bool:
    known = old.declared is not None and old.declared.mean
    same = (old.digest, old.value, old.components) == (new.digest, new.value, new.components)
    return known and same and old.declared == new.declared


def _told(declared: Declared | None) -> tuple[bool, str, bool] | None:
    return None if declared is None else (declared.higher_is_better, declared.margin, declared.binary)
