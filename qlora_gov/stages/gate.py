"""Gate: judge a candidate against its champion, rule by rule. Whatever could not be judged does not pass."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import MappingProxyType

import numpy as np

from qlora_gov.errors import did_you_mean
from qlora_gov.plugin.looks import Earlier, RowLooks
from qlora_gov.plugin.measures import Measure
from qlora_gov.plugin.sides import ANSWERS_DIFFER, TRAINED_ON, Side, counted_answers, equal_rows, stats_of_answers
from qlora_gov.plugin.specs import Bools, Comparison, Floats, Gate, MetricTraits
from qlora_gov.plugin.unread import UnreadAmong
from qlora_gov.records import (
    EDITION,
    Absent,
    Decision,
    DecisionOutcome,
    Outcome,
    Overlap,
    Policy,
    Rule,
    RuleVerdict,
    Verdict,
    look_number,
)
from qlora_gov.records.example import Example
from qlora_gov.records.table import cluster_numbers, labels_of
from qlora_gov.stages.asking import Values, ask, heeding, unasked
from qlora_gov.stages.judged import looks_at, measured, not_fresh, rows_where, told_of_log, unusable
from qlora_gov.stats import newest_methods

UNTOLD = Absent(absent="nobody looked for it")


@dataclass(frozen=True)
class GateInput:
    """A candidate with those it is compared with, on the rows of one evaluation set.

    ``baselines`` are the champion, and the pinned reference where the policy names one. ``earlier`` are the decisions
    that judged rows of it before; where they are None, ``look`` counts them, this one included, as older decisions did.
    ``methods`` is the revision of the statistical methods to judge by; ``passed_over`` are evaluations of either side
    that no decision judged, and ``trials`` those of sweeps, counted among the looks. ``overlap`` is
    what is on record of these rows in what the candidate was trained on, or why nothing is.
    """

    candidate: Side
    baselines: Mapping[str, Side]
    examples: Sequence[Example]
    measures: Sequence[Measure]
    look: int = 1
    methods: int = field(default_factory=newest_methods)
    earlier: Earlier | None = None
    passed_over: tuple[str, ...] | None = None
    overlap: Overlap | Absent = UNTOLD
    trials: tuple[str, ...] = ()

    def looks(self, metric: str) -> RowLooks:
        """How often each row was judged before on what a metric measures."""
        if self.earlier is not None:
            return self.earlier.at(metric)
        return RowLooks.alike(self.look - 1, len(self.examples))


def decide(
    policy: Policy,
    gates: Mapping[str, Gate],
    given: GateInput,
    *,
    stated: str,
    adapter: str,
    exploratory: bool,
    mended: tuple[str, ...] = (),
) -> Decision:
    """Return the decision on every rule of the policy; ``gates`` are by the rule's name.

    ``stated`` is the id of the policy of these terms that is on record. Verdicts name the components that judged.
    ``mended`` are the metrics whose code is younger than the answers.
    """
    judged = _Judge(policy, given)
    verdicts = judged.all(gates)
    reference = given.baselines.get("reference")
    looks = None if given.earlier is None else looks_at(policy.rules, given.examples, given.earlier)
    return Decision(
        policy=stated,
        candidate=given.candidate.evaluation.id,
        champion=given.baselines["champion"].evaluation.id,
        reference=reference.evaluation.id if reference else None,
        adapter=adapter,
        verdicts=verdicts,
        outcome=outcome_of(policy, {item.rule.name: item.verdict.outcome for item in verdicts}),
        exploratory=exploratory,
        look=given.look if looks is None else look_number(looks),
        methods=given.methods,
        looks=looks,
        untested=() if looks is None else tuple(judged.untested),
        mended=mended,
        passed_over=given.passed_over,
        trials=given.trials,
        edition=EDITION,
        answers=counted_answers(given.candidate, given.baselines),
    )


def judge(policy: Policy, gates: Mapping[str, Gate], given: GateInput) -> tuple[RuleVerdict, ...]:
    """A verdict for each rule, in the policy's order."""
    return _Judge(policy, given).all(gates)


def outcome_of(policy: Policy, outcomes: Mapping[str, Outcome]) -> DecisionOutcome:
    """Refused where any rule fails; approved where every one passes, each at its full alpha; else inconclusive.

    Approval is an intersection-union test, so PASSes take no correction. Where the policy tolerates INCONCLUSIVE,
    it takes the required rules, and one rule on a metric at least, to pass: that answers differ says nothing of them.
    """
    if Outcome.FAIL in outcomes.values():
        return DecisionOutcome.REFUSED
    passed = {rule.name for rule in policy.rules if outcomes.get(rule.name) is Outcome.PASS}
    if policy.inconclusive == "tolerated":
        enough = any(rule.name in passed and rule.judges == "metric" for rule in policy.rules)
        enough = enough and passed.issuperset(policy.required)
    else:
        enough = bool(passed) and len(passed) == len(policy.rules)
    if enough and set(outcomes) == {rule.name for rule in policy.rules}:
        return DecisionOutcome.APPROVED
    return DecisionOutcome.INCONCLUSIVE


class _UnmeasuredError(Exception):
    """What a rule judges was not measured: no gate is asked."""

    def __init__(self, reason: str, values: Values | None = None) -> None:
        super().__init__(reason)
        self.reason, self.values = reason, values


class _Judge:
    """Judges one rule at a time, and keeps the names of those ``untested`` for want of something measured."""

    def __init__(self, policy: Policy, given: GateInput) -> None:
        self.policy, self.given = policy, given
        self.clusters = cluster_numbers([example.group for example in given.examples])
        labels = labels_of(given.examples)
        self.labels = MappingProxyType({name: tuple(values) for name, values in labels.items()})
        self.untested: list[str] = []
        self._equals: dict[str, Bools | None] = {}
        self._unread = UnreadAmong(given.examples)

    def all(self, gates: Mapping[str, Gate]) -> tuple[RuleVerdict, ...]:
        """A verdict for each rule, in the policy's order."""
        return tuple(
            RuleVerdict(rule=rule, verdict=self(rule, gates.get(rule.name)), notice=self._notice(rule))
            for rule in self.policy.rules
        )

    def __call__(self, rule: Rule, gate: Gate | None) -> Verdict:
        try:
            if gate is None:
                raise _UnmeasuredError("this rule has no gate")
            if rule.judges == "data":
                return self._judge_data(rule, gate)
            if rule.judges == "answers":
                return self._judge_answers(rule, gate)
            return self._judge(rule, gate, self._measure(rule))
        except _UnmeasuredError as why:
            self.untested.append(rule.name)
            return unasked(Outcome.FAIL, why.reason, why.values or {})

    def _measure(self, rule: Rule) -> Measure:
        measure = next((one for one in self.given.measures if one.traits.name == rule.metric), None)
        if measure is None:
            names = [one.traits.name for one in self.given.measures]
            raise _UnmeasuredError(
                f"nothing that is measured is named {rule.metric!r}; {did_you_mean(rule.metric, names)}"
            )
        self._refuse_no_rows(rule)
        return measure

    def _refuse_no_rows(self, rule: Rule) -> None:
        if rule.against not in self.given.baselines:
            raise _UnmeasuredError(f"the {rule.against} has no evaluation")
        if unknown := [label for label in rule.where if label not in self.labels]:
            raise _UnmeasuredError(f"where: no row has a label {unknown[0]!r}; {did_you_mean(unknown[0], self.labels)}")

    def _notice(self, rule: Rule) -> str | None:
        """What is wrong with the measurement that a rule judged, where the policy leaves nothing out for it."""
        try:
            measure = self._measure(rule) if rule.judges == "metric" and self.policy.unread == "scored" else None
        except _UnmeasuredError:
            return None
        return None if measure is None else self._unread(measure, self._rows(rule))

    def _rows(self, rule: Rule) -> Bools:
        return rows_where(rule, self.labels, len(self.clusters))

    def _judge_answers(self, rule: Rule, gate: Gate) -> Verdict:
        """Judge whether the answers differ. They are counted, so that no further look at them makes a PASS likelier."""
        self._refuse_no_rows(rule)
        equal = self._equal(rule.against)
        if equal is None:
            who = f"the candidate or the {rule.against}"
            raise _UnmeasuredError(f"not measured: the answers of {who} are not on record")
        unlooked = RowLooks.alike(0, len(self.clusters))
        return ask(gate, self._comparison(rule, ANSWERS_DIFFER, stats_of_answers(equal), unlooked), {})

    def _judge_data(self, rule: Rule, gate: Gate) -> Verdict:
        """Judge what the candidate was trained on, which no answers change."""
        if isinstance(self.given.overlap, Absent):
            raise _UnmeasuredError(f"not known: {self.given.overlap.absent}")
        self._refuse_no_rows(rule)
        none = np.zeros((len(self.clusters), 0))
        comparison = self._comparison(rule, TRAINED_ON, (none, none), RowLooks.alike(0, len(self.clusters)))
        return ask(gate, replace(comparison, overlap=self.given.overlap), {})

    def _equal(self, against: str) -> Bools | None:
        if against not in self._equals:
            self._equals[against] = equal_rows(self.given.candidate, self.given.baselines[against])
        return self._equals[against]

    def _comparison(
        self, rule: Rule, metric: MetricTraits, stats: tuple[Floats, Floats], looks: RowLooks
    ) -> Comparison:
        """Of the statistics of both sides, those of the rows that the rule judges."""
        whole = Comparison(
            metric,
            *stats,
            self.clusters,
            self.labels,
            rule.against,
            looks.scale,
            self.given.methods,
            looks,
            self._equal(rule.against),
        )
        rows = self._rows(rule)
        return whole if rows.all() else whole.part(rows)

    def _judge(self, rule: Rule, gate: Gate, measure: Measure) -> Verdict:
        sides = {"candidate": self.given.candidate, rule.against: self.given.baselines[rule.against]}
        found = {who: measured(side.evaluation, measure) for who, side in sides.items()}
        values = {"candidate": found["candidate"][1].value, "baseline": found[rule.against][1].value}
        rows, stats = self._rows(rule), {}
        if self.policy.unread == "left_out" and (unread := self._unread(measure, rows)):
            raise _UnmeasuredError(f"not measured: {unread}", values)
        for who, (index, measurement) in found.items():
            if reason := unusable(measurement, len(self.clusters)):
                reason += told_of_log(sides[who].notes, measure.component)
                raise _UnmeasuredError(f"{rule.metric} of the {who}: {reason}", values)
            stats[who], scored = sides[who].scores(index)
            if missing := int((rows & ~scored).sum()):
                raise _UnmeasuredError(
                    f"{rule.metric} of the {who}: {missing} of {rows.sum()} rows could not be scored", values
                )
        looks = self.given.looks(rule.component)
        if self.policy.further_looks == "fresh_rows" and looks.counts[rows].any():
            undecided = (*(self.given.passed_over or ()), *self.given.trials)
            return unasked(Outcome.INCONCLUSIVE, f"{rule.metric}: {not_fresh(looks.counts[rows], undecided)}", values)
        halves = looks if self.policy.further_looks == "halve_alpha" else RowLooks.alike(0, len(self.clusters))
        part = self._comparison(rule, measure.traits, (stats["candidate"], stats[rule.against]), halves)
        verdict = ask(gate, part, values, measure)
        return verdict if self.given.earlier is None else heeding(gate, part, verdict, self.policy.looks_by == "row")
