"""What subjects answered, and what was measured on it."""

from __future__ import annotations

from functools import cache

from qlora_gov.errors import UsageError
from qlora_gov.ledger import Entry, Ledger, scores
from qlora_gov.ledger.reading import fetch, held
from qlora_gov.plugin.sides import Side
from qlora_gov.plugin.specs import Bools, Floats
from qlora_gov.records import DatasetVersion, Evaluation, Responses
from qlora_gov.records.table import Table


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
        said = ledger.table(ledger.get(answered.id), "responses")
        return said if answered.claim is None or any(said["response"]) else None  # a log may hold scores alone

    return Side(evaluation, read, cache(answers), answered.adapter)


def responses_of(ledger: Ledger, evaluation: Evaluation) -> Responses:
    """What an evaluation scored."""
    return fetch(ledger, evaluation.responses, Responses)


def dataset_of(ledger: Ledger, evaluation: str) -> str:
    """The id of the dataset version that an evaluation is on."""
    return responses_of(ledger, fetch(ledger, evaluation, Evaluation)).dataset


def answers_to(ledger: Ledger, dataset: str) -> list[Entry]:
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
