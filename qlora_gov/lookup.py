"""Reading evidence back: records by their kind, and what decisions and cards need of them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from functools import cache
from typing import TypeVar

from qlora_gov.errors import DataError, LedgerError, UsageError
from qlora_gov.examples import Example
from qlora_gov.ledger import Entry, Ledger, scores
from qlora_gov.records import Adapter, DatasetVersion, Decision, Evaluation, Policy, Record, Responses
from qlora_gov.specs import Bools, Floats, ImportedEvaluation
from qlora_gov.stages.adopt import log_id
from qlora_gov.stages.gate import Side
from qlora_gov.tables import Table, examples_of

R = TypeVar("R", bound=Record)


def fetch(ledger: Ledger, record_id: str, kind: type[R]) -> R:
    """The record with an id, or the start of one. Raises LedgerError where it is of another kind."""
    return held(ledger.get(record_id), kind)


def held(entry: Entry, kind: type[R]) -> R:
    """An entry's record. Raises LedgerError where it is of another kind."""
    if not isinstance(entry.record, kind):
        raise LedgerError(f"{entry.id} is a {entry.kind}, not a {kind.kind}")
    return entry.record


def newest(ledger: Ledger, kind: type[R], record_id: str | None = None) -> R:
    """The record with the given id, or the newest of its kind. Raises UsageError where there is none."""
    if record_id is not None:
        return fetch(ledger, record_id, kind)
    entries = ledger.entries(kind.kind)
    if not entries:
        raise UsageError(f"the ledger holds no {kind.kind} yet; 'qlora-gov run' makes one")
    return held(entries[-1], kind)


def release_decision(ledger: Ledger, record_id: str | None = None) -> Decision:
    """The decision on a release with the given id, or the newest. Raises UsageError where there is none."""
    if record_id is not None:
        found = [fetch(ledger, record_id, Decision)]
    else:
        found = [held(entry, Decision) for entry in reversed(ledger.entries(Decision.kind))]
    for decision in found:
        if fetch(ledger, decision.policy, Policy).purpose == "release":
            return decision
    which = "is on a regression of the champion" if record_id else "on a release is in the ledger yet"
    raise UsageError(f"{'decision ' + record_id if record_id else 'no decision'} {which}; 'qlora-gov gate' makes one")


def superseding(ledger: Ledger, decision: Decision) -> Decision | None:
    """The newest decision on a release of the same adapter, where it is another one and not exploratory."""
    for entry in reversed(ledger.entries(Decision.kind)):
        newer = held(entry, Decision)
        if newer.id == decision.id:
            return None
        purpose = fetch(ledger, newer.policy, Policy).purpose
        if newer.adapter == decision.adapter and not newer.exploratory and purpose == "release":
            return newer
    return None


def adapter_of(ledger: Ledger, digest: str) -> Adapter | None:
    """The newest adapter whose files have a digest."""
    adapters = (held(entry, Adapter) for entry in reversed(ledger.entries(Adapter.kind)))
    return next((adapter for adapter in adapters if adapter.digest == digest), None)


def side(ledger: Ledger, evaluation: Evaluation) -> Side:
    """An evaluation with a reader of its rows, which opens the ledger once."""
    entry = ledger.get(evaluation.id)

    @cache
    def table() -> Table:
        return ledger.table(entry, "scores")

    def read(index: int) -> tuple[Floats, Bools]:
        measurement = evaluation.measurements[index]
        return scores(table(), index, measurement.rows, len(measurement.components))

    return Side(evaluation, read)


def responses_of(ledger: Ledger, evaluation: Evaluation) -> Responses:
    """What an evaluation scored."""
    return fetch(ledger, evaluation.responses, Responses)


def examples_behind(ledger: Ledger, responses: Responses) -> list[Example]:
    """The rows that a subject answered."""
    return examples_of(ledger.table(ledger.get(responses.dataset), "examples"))


def refuse_other_subject(ledger: Ledger, imported: ImportedEvaluation, adapter: Adapter | None) -> None:
    """Raise DataError where a log says otherwise than who is said to have answered, or was imported as another's."""
    if imported.adapter is not None and imported.adapter != (adapter is not None):
        says = "an adapter" if imported.adapter else "no adapter"
        raise DataError(f"{imported.files[0]}: by the log {says} answered; give --adapter exactly where one did")
    log = log_id(imported)
    for entry in ledger.entries(Responses.kind):
        claim, subject = held(entry, Responses).claim, held(entry, Responses).adapter
        if claim is not None and claim.log == log and subject != (adapter.id if adapter else None):
            raise DataError(f"{imported.files[0]}: this log was imported before, as that of {subject or 'the base'}")


def looks(ledger: Ledger, dataset: str) -> int:
    """How many decisions the rows of an evaluation set have seen, under whatever id they were curated."""
    answered = {entry.id for entry in _answers_to(ledger, dataset)}
    scored = {e.id for e in ledger.entries(Evaluation.kind) if held(e, Evaluation).responses in answered}
    return sum(held(entry, Decision).candidate in scored for entry in ledger.entries(Decision.kind))


def exploratory(ledger: Ledger, responses: Responses, policy: Policy) -> bool:
    """Whether another policy than this one, or none, was in force when the subject first answered these rows."""
    answers = _answers_to(ledger, responses.dataset)
    mine = [entry for entry in answers if held(entry, Responses).adapter == responses.adapter]
    found = in_force(policies(ledger, policy.purpose), mine)
    return found is None or found.terms != policy.terms


def policies(ledger: Ledger, purpose: str) -> list[Entry]:
    """The entries of all policies of one purpose, oldest first."""
    return [entry for entry in ledger.entries(Policy.kind) if held(entry, Policy).purpose == purpose]


def stated(ledger: Ledger, policy: Policy) -> Policy:
    """The newest policy on record with the terms of this one. Raises UsageError where there is none."""
    for entry in reversed(policies(ledger, policy.purpose)):
        if held(entry, Policy).terms == policy.terms:
            return held(entry, Policy)
    raise UsageError("the project's policy is not on record; 'qlora-gov policy' records it")


def in_force(recorded: Sequence[Entry], answers: Sequence[Entry]) -> Policy | None:
    """The policy that was recorded last before the first of some answers; ``recorded`` are in the ledger's order."""
    first = min(answers, key=lambda entry: (_made(entry), entry.seq))
    return next((held(entry, Policy) for entry in reversed(recorded) if not _made_before(first, entry)), None)


def _made(answered: Entry) -> datetime:
    """When answers were made; imported ones when their log says that the evaluation began."""
    claim = held(answered, Responses).claim
    return datetime.fromisoformat(claim.began if claim else answered.at)


def _made_before(answered: Entry, stated: Entry) -> bool:
    if held(answered, Responses).claim is not None:
        return _made(answered) < datetime.fromisoformat(stated.at)
    return answered.seq < stated.seq


def _answers_to(ledger: Ledger, dataset: str) -> list[Entry]:
    """The entries of all responses to the rows of a dataset version."""
    digests = {entry.id: held(entry, DatasetVersion).digest for entry in ledger.entries(DatasetVersion.kind)}
    responses = ledger.entries(Responses.kind)
    return [entry for entry in responses if digests[held(entry, Responses).dataset] == digests[dataset]]


def stored_evaluation(
    ledger: Ledger, base: str | None, adapter: str | None, like: Responses | None = None
) -> Evaluation:
    """The newest evaluation of a subject, or the newest that was answered ``like`` another: same rows, same settings.

    An adapter is known by its id, the base alone by its own. Raises UsageError where there is none, and where logs of
    several base models could be meant.
    """
    with ledger.reading():  # what follows shares this opening
        evaluations = [held(entry, Evaluation) for entry in reversed(ledger.entries(Evaluation.kind))]
        answered = [(evaluation, responses_of(ledger, evaluation)) for evaluation in evaluations]
    mine = [(e, r) for e, r in answered if r.adapter == adapter and (adapter is not None or r.base == base)]
    fitting = [(e, r) for e, r in mine if like is None or _comparable(r, like)]
    models = sorted({r.claim.model for _, r in fitting if r.claim is not None and adapter is None})
    if len(models) > 1:
        raise UsageError(f"logs of several bases are on these rows ({', '.join(models)}): keep a project for each")
    if fitting:
        return fitting[0][0]
    who = f"adapter {adapter}" if adapter else "the base without an adapter"
    if like is None or not mine:
        raise UsageError(f"{who} has no evaluation in the ledger; 'qlora-gov evaluate' or 'import' makes one")
    what = [name for name in _PAIRED if getattr(mine[0][1], name) != getattr(like, name)] or ["tool"]
    raise UsageError(f"{who} was evaluated, but not as the candidate was: another {' and another '.join(what)}")


_PAIRED = ("dataset", "quantization", "generation")


def _comparable(one: Responses, other: Responses) -> bool:
    tools = [(claim.tool, claim.version) if (claim := answers.claim) else None for answers in (one, other)]
    return tools[0] == tools[1] and all(getattr(one, name) == getattr(other, name) for name in _PAIRED)
