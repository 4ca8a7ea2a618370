"""Were the rows of a decision judged before as often as it states, and first answered under its policy?"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from qlora_gov.errors import GovError
from qlora_gov.evidence.datasets import evaluation_rows
from qlora_gov.evidence.evaluations import dataset_of
from qlora_gov.evidence.looks import earlier_looks, tried, unjudged
from qlora_gov.evidence.policies import standing
from qlora_gov.ledger import Entry, Ledger, Problem, ProblemKind
from qlora_gov.ledger.entry import place
from qlora_gov.ledger.reading import fetch
from qlora_gov.records import Decision, Evaluation, Policy
from qlora_gov.stages.judged import looks_at
from qlora_gov.verification.decisions import standing_flaws
from qlora_gov.verification.numbers import close


def look_problems(ledger: Ledger, entries: Sequence[Entry]) -> Iterator[Problem]:
    """Decisions that state other looks than those before them in the ledger are, by the rows that they judged.

    Of a decision that states none, its place in the history tells; see :mod:`qlora_gov.verification.decisions`.
    """
    for entry in entries:
        if isinstance(entry.record, Decision) and entry.record.looks is not None:
            with ledger.reading():  # all of it shares one opening
                problems = list(_problems(ledger, entry, entry.record))
            yield from problems


def _problems(ledger: Ledger, entry: Entry, decision: Decision) -> Iterator[Problem]:
    try:
        policy, dataset = fetch(ledger, decision.policy, Policy), dataset_of(ledger, decision.candidate)
        earlier = earlier_looks(ledger, dataset, policy, decision.passed_over, decision.trials, entry.seq)
        passed_over = unjudged(ledger, decision.sides.values(), before=entry.seq)
        trials = tried(ledger, decision.sides.values(), passed_over, before=entry.seq)
        derived = looks_at(policy.rules, evaluation_rows(ledger, dataset), earlier)
        sides = {who: fetch(ledger, id_, Evaluation) for who, id_ in decision.sides.items()}
        stands = standing(ledger, policy, sides, before=entry.seq)
    except (GovError, ValueError, LookupError) as error:
        yield Problem.underived(ProblemKind.MISSING, place(entry), "its looks cannot be counted again", error)
        return
    if decision.passed_over is not None:
        flaws = list(standing_flaws(decision, stands)) if policy.looks_by == "row" else []
        if decision.passed_over != passed_over:
            stated = len(decision.passed_over)
            flaws.append(f"it states that {stated} evaluations were passed over, and {len(passed_over)} were")
        yield from (Problem(ProblemKind.TAMPERED, place(entry), flaw) for flaw in flaws)
    if decision.trials != trials:
        what = f"it states that {len(decision.trials)} trials of sweeps are looks at its rows, and {len(trials)} are"
        yield Problem(ProblemKind.TAMPERED, place(entry), what)
    for rule, number in derived.items():
        told = (decision.looks or {}).get(rule)
        if told is None or not close(told, number):
            what = f"rule {rule!r} states {told} looks at its rows, and {number:g} are before it"
            yield Problem(ProblemKind.TAMPERED, place(entry), what)
