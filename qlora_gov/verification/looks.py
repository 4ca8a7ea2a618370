"""Were the rows of a decision judged before as often as it states?"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from qlora_gov.errors import GovError
from qlora_gov.evidence.datasets import evaluation_rows
from qlora_gov.evidence.evaluations import dataset_of
from qlora_gov.evidence.looks import earlier_looks, unjudged
from qlora_gov.ledger import Entry, Ledger, Problem, ProblemKind
from qlora_gov.ledger.entry import place
from qlora_gov.ledger.reading import fetch
from qlora_gov.records import Decision, Policy
from qlora_gov.stages.judged import looks_at
from qlora_gov.verification.numbers import close


def look_problems(ledger: Ledger, entries: Sequence[Entry]) -> Iterator[Problem]:
    """Decisions that state other looks than those before them in the ledger are, by the rows that they judged.

    Of a decision that states none, its place in the history tells; see :mod:`qlora_gov.verification.decisions`.
    """
    for entry in entries:
        if isinstance(entry.record, Decision) and entry.record.looks is not None:
            yield from _problems(ledger, entry, entry.record)


def _problems(ledger: Ledger, entry: Entry, decision: Decision) -> Iterator[Problem]:
    try:
        policy, dataset = fetch(ledger, decision.policy, Policy), dataset_of(ledger, decision.candidate)
        earlier = earlier_looks(ledger, dataset, policy, decision.passed_over, before=entry.seq)
        passed_over = unjudged(ledger, decision.sides.values(), before=entry.seq)
        derived = looks_at(policy.rules, evaluation_rows(ledger, dataset), earlier)
    except (GovError, ValueError, LookupError) as error:
        yield Problem.underived(ProblemKind.MISSING, place(entry), "its looks cannot be counted again", error)
        return
    if decision.passed_over is not None and decision.passed_over != passed_over:
        what = f"it states that {len(decision.passed_over)} evaluations were passed over, and {len(passed_over)} were"
        yield Problem(ProblemKind.TAMPERED, place(entry), what)
    for rule, number in derived.items():
        stated = (decision.looks or {}).get(rule)
        if stated is None or not close(stated, number):
            what = f"rule {rule!r} states {stated} looks at its rows, and {number:g} are before it"
            yield Problem(ProblemKind.TAMPERED, place(entry), what)
