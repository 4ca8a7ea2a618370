"""What subjects answered, and what was measured on it."""

from __future__ import annotations

from functools import cache

from qlora_gov.evidence.datasets import evaluation_rows
from qlora_gov.ledger import Entry, Ledger, scores
from qlora_gov.ledger.reading import fetch, held
from qlora_gov.ledger.rows import tables_of
from qlora_gov.plugin.sides import Side
from qlora_gov.plugin.specs import Bools, EvaluatedRow, Floats
from qlora_gov.records import DatasetVersion, Evaluation, Responses
from qlora_gov.records.table import Table, empty_answers
from qlora_gov.stages.evaluate import evaluated_rows


def side(ledger: Ledger, evaluation: Evaluation) -> Side:
    """An evaluation with a reader of its rows, which opens the ledger once."""
    entry = ledger.get(evaluation.id)

    @cache
    def table() -> Table:
        return ledger.table(entry, "scores")

    def read(index: int) -> tuple[Floats, Bools]:
        measurement = evaluation.measurements[index]
        return scores(table(), index, measurement.rows, len(measurement.components))

    answered = responses_of(ledger, evaluation)

    def answers() -> Table | None:
        return None if unlogged(ledger, answered) else ledger.table(ledger.get(answered.id), "responses")

    notes = answered.claim.notes if answered.claim else ()
    return Side(evaluation, read, notes, cache(answers), answered.adapter)


def unlogged(ledger: Ledger, responses: Responses) -> bool:
    """Whether a log holds no answers, scores alone; what earlier versions did not count is counted here."""
    if responses.claim is None:
        return False
    empty = responses.empty
    if empty is None:
        empty = empty_answers(ledger.table(ledger.get(responses.id), "responses"))
    return empty == responses.rows


def responses_of(ledger: Ledger, evaluation: Evaluation) -> Responses:
    """What an evaluation scored."""
    return fetch(ledger, evaluation.responses, Responses)


def answered_rows(ledger: Ledger, responses: Responses) -> list[EvaluatedRow]:
    """What metrics and guardrails are given of the answers on record, with all that was stored of them."""
    entry = ledger.get(responses.id)
    tables = {name: ledger.table(entry, name) for name in tables_of(responses)}
    notes = responses.claim.notes if responses.claim else ()
    examples = evaluation_rows(ledger, responses.dataset)
    return evaluated_rows(examples, tables["responses"], tables.get("likelihoods"), tables.get("recorded"), notes)


def dataset_of(ledger: Ledger, evaluation: str) -> str:
    """The id of the dataset version that an evaluation is on."""
    return responses_of(ledger, fetch(ledger, evaluation, Evaluation)).dataset


def answers_to(ledger: Ledger, dataset: str) -> list[Entry]:
    """The entries of all responses to the rows of a dataset version."""
    digests = {entry.id: held(entry, DatasetVersion).digest for entry in ledger.entries(DatasetVersion.kind)}
    responses = ledger.entries(Responses.kind)
    return [entry for entry in responses if digests[held(entry, Responses).dataset] == digests[dataset]]
