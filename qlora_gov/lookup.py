"""Reading evidence back: records by their kind, and what decisions and cards need of them."""

from __future__ import annotations

from typing import TypeVar

from qlora_gov.errors import LedgerError, UsageError
from qlora_gov.ledger import Entry, Ledger
from qlora_gov.records import Decision, Evaluation, Record, Responses
from qlora_gov.specs import Bools, Floats
from qlora_gov.stages.gate import Side

R = TypeVar("R", bound=Record)


def fetch(ledger: Ledger, record_id: str, kind: type[R]) -> R:
    """The record with an id, or the start of one. Raises LedgerError where it is of another kind."""
    return _held(ledger.get(record_id), kind)


def _held(entry: Entry, kind: type[R]) -> R:
    """An entry's record, which is at hand and need not be fetched."""
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
    return _held(entries[-1], kind)


def side(ledger: Ledger, evaluation: Evaluation) -> Side:
    """An evaluation with a reader of its rows."""
    entry = ledger.get(evaluation.id)

    def scores(index: int) -> tuple[Floats, Bools]:
        measurement = evaluation.measurements[index]
        return ledger.scores(entry, index, measurement.rows, len(measurement.components))

    return Side(evaluation, scores)


def responses_of(ledger: Ledger, evaluation: Evaluation) -> Responses:
    """What an evaluation scored."""
    return fetch(ledger, evaluation.responses, Responses)


def looks(ledger: Ledger, dataset: str) -> int:
    """How many decisions an evaluation set has seen."""

    def judged(entry: Entry) -> str:
        decision = _held(entry, Decision)
        return responses_of(ledger, fetch(ledger, decision.candidate, Evaluation)).dataset

    return sum(judged(entry) == dataset for entry in ledger.entries(Decision.kind))


def stored_evaluation(ledger: Ledger, base: str, adapter: str | None, like: Responses | None = None) -> Evaluation:
    """The newest evaluation of a subject, or the newest that was answered ``like`` another: same rows, same settings.

    Raises UsageError where there is none.
    """
    for entry in reversed(ledger.entries(Evaluation.kind)):
        evaluation = _held(entry, Evaluation)
        responses = responses_of(ledger, evaluation)
        if (responses.base, responses.adapter) == (base, adapter) and (like is None or _comparable(responses, like)):
            return evaluation
    who = f"adapter {adapter}" if adapter else f"base {base}"
    how = " on the candidate's rows and generation settings" if like else ""
    raise UsageError(f"{who} has no evaluation{how} in the ledger; 'qlora-gov evaluate' makes one")


def _comparable(one: Responses, other: Responses) -> bool:
    return all(getattr(one, name) == getattr(other, name) for name in ("dataset", "quantization", "generation"))
