"""Decisions judged again from their rows, by the gates that their records name."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from pydantic import JsonValue

from qlora_gov.errors import GovError, PluginError, ProjectError
from qlora_gov.evidence.datasets import evaluation_rows, overlap_of
from qlora_gov.evidence.evaluations import dataset_of, side
from qlora_gov.evidence.looks import earlier_looks
from qlora_gov.ledger import Entry, Ledger, Problem, ProblemKind
from qlora_gov.ledger.entry import place
from qlora_gov.ledger.reading import fetch
from qlora_gov.plugin.catalog import Catalog
from qlora_gov.plugin.catalog import Entry as Installed
from qlora_gov.plugin.recorded import installed, rebound, remeasure
from qlora_gov.plugin.specs import GateSpec
from qlora_gov.records import Absent, Component, Decision, Evaluation, Policy, RuleVerdict, Verdict
from qlora_gov.stages.asking import RAISED
from qlora_gov.stages.gate import GateInput, judge
from qlora_gov.verification.numbers import differences


@dataclass(frozen=True)
class Rejudge:
    """What judges again: the ledger with its rows, and the components that are installed now."""

    ledger: Ledger
    catalog: Catalog
    root: Path

    def problems(self, entries: Sequence[Entry]) -> Iterator[Problem]:
        """What does not come out again in the verdicts of decisions.

        The rows are taken to be those that were decided on; whether they are is asked of their digests.
        """
        for entry in entries:
            if isinstance(entry.record, Decision):
                yield from self._decision(entry, entry.record)

    def _decision(self, entry: Entry, decision: Decision) -> Iterator[Problem]:
        where = place(entry)
        try:
            policy = fetch(self.ledger, decision.policy, Policy)
            given = self._given(entry.seq, decision, policy)
        except (GovError, ValueError, LookupError) as error:
            yield Problem.underived(ProblemKind.MISSING, where, "it cannot be judged again", error)
            return
        for item in decision.verdicts:
            if (problem := self._verdict(f"{where}, rule {item.rule.name!r}", item, policy, given)) is not None:
                yield problem

    def _given(self, seq: int, decision: Decision, policy: Policy) -> GateInput:
        sides = {who: side(self.ledger, fetch(self.ledger, id_, Evaluation)) for who, id_ in decision.sides.items()}
        candidate = sides.pop("candidate")
        dataset = dataset_of(self.ledger, candidate.evaluation.id)
        examples = evaluation_rows(self.ledger, dataset)
        earlier = (
            None
            if decision.looks is None
            else earlier_looks(self.ledger, dataset, policy, decision.passed_over, decision.trials, seq)
        )
        overlap = overlap_of(self.ledger, decision.adapter, dataset)
        return GateInput(
            candidate,
            sides,
            examples,
            (),
            decision.look,
            decision.methods,
            earlier,
            decision.passed_over,
            overlap,
            decision.trials,
        )

    def _verdict(self, where: str, item: RuleVerdict, policy: Policy, given: GateInput) -> Problem | None:
        """Judge one rule. One that could not be judged for want of a value has no number to come out again."""
        evaluation, rule = given.candidate.evaluation, item.rule
        named = evaluation.measurements if rule.judges == "metric" else ()
        measured = next((one for one in named if one.name == rule.metric), None)
        if (measured is None and rule.judges == "metric") or isinstance(item.verdict.candidate, Absent):
            return None
        try:
            gate = rebound(self.catalog, GateSpec, rule.gate, self.root)
            gate.require()
            measures = () if measured is None else (remeasure(self.catalog, evaluation, measured, self.root),)
            alone = policy.model_copy(update={"rules": (rule,)})
            (again,) = judge(alone, {rule.name: gate.make()}, replace(given, measures=measures))
        except PluginError as error:
            return Problem(ProblemKind.PLUGIN_MISSING, where, str(error))
        except ProjectError as error:
            return Problem(ProblemKind.PLUGIN_FAILED, where, str(error))
        except GovError as error:
            return Problem.underived(ProblemKind.TAMPERED, where, "it cannot be judged again", error)
        used: list[tuple[Component, Installed | None]] = [(rule.gate, gate.entry)]
        if measured is not None:
            used.append((measured.metric, installed(self.catalog, evaluation, measured)))
        return _compared(where, item.verdict, again.verdict, used) or _noticed(where, item, again)


def _noticed(where: str, stated: RuleVerdict, derived: RuleVerdict) -> Problem | None:
    """A notice without a cause. One that is missing is none: earlier versions gave none, and words may change."""
    if stated.notice is None or derived.notice is not None:
        return None
    return Problem(ProblemKind.TAMPERED, where, "it has a notice on its measurement, for which its rows give no cause")


def _compared(
    where: str, stated: Verdict, derived: Verdict, components: Sequence[tuple[Component, Installed | None]]
) -> Problem | None:
    """What does not come out again. Code that was edited may say the same in other words, as may a later core.

    A verdict for want of a side's value is the core's: it asked no gate, and advises as its version does. So is what it
    tells of a gate that raised.
    """
    edited = [one for one, now in components if now is not None and now.plugin.source != one.source]
    meant = [one for one, now in components if now is not None and now.meaning != one.meaning]
    raised = all(one.reason.startswith(f"{RAISED} ") for one in (stated, derived))
    reworded = edited or raised or derived.candidate is None or isinstance(derived.baseline, Absent)
    what = differences(*(_numbers(one) if reworded else one.model_dump(mode="json") for one in (stated, derived)))
    if meant or (what and edited):
        return Problem.source_changed(where, (meant or edited)[0], "judged", "verdict", "; ".join(what) or None)
    return Problem(ProblemKind.TAMPERED, where, "; ".join(what)) if what else None


def _numbers(verdict: Verdict) -> dict[str, JsonValue]:
    """A verdict without its sentences."""
    return verdict.model_dump(mode="json", exclude={"reason": True, "slices": {"__all__": {"reason"}}})
