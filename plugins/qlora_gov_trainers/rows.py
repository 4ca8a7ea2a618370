"""What the trainer makes of rows, all of which it reads before the first step."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from qlora_gov import DataError, Example, TrainingJob
from qlora_gov.models.chat import Tokenised, asks_for_the_day, control_tokens, tokenise
from qlora_gov.models.clock import CLOCK, Clock
from qlora_gov.models.inputs import beyond, each_row
from qlora_gov.models.positions import Positions, positions_of

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase


@dataclass(frozen=True)
class Rows:
    """Rows as the model is given them, and what a card should say of them."""

    tokenised: Sequence[Tokenised]
    notes: tuple[str, ...]


def read_rows(
    tokenizer: PreTrainedTokenizerBase, job: TrainingJob, max_length: int, *, last_only: bool = False
) -> Rows:
    """Tokenise all rows. Raises DataError for those that the template, ``max_length`` or the base's positions refuse.

    Loss falls on every turn of the assistant, or with ``last_only`` on the last one. Positions refuse rows where the
    base breaks beyond them, and in a strict project; else they are a note.
    """
    clock = Clock.at(job.today)
    rows = each_row(
        job.examples,
        lambda example: tokenise(tokenizer, example.messages, last_only=last_only, clock=clock),
        "reading training rows",
        job.progress,
    )
    sources, lengths = [example.source for example in job.examples], [len(row.ids) for row in rows]
    told = beyond(sources, lengths, Positions(max_length)).told(
        "tokens", f"over training.max_length {max_length}", "raise it, or drop long rows with the length filter"
    )
    if told:
        raise DataError(told)
    positions = positions_of(job.base, tokenizer)
    over = beyond(sources, lengths, positions)
    told = over.told("tokens", over.place, "drop long rows with the length filter")
    if told and (positions.hard or job.strict):
        raise DataError(told)
    return Rows(rows, tuple(_notes(tokenizer, job.examples, clock, sum(row.shielded for row in rows), told)))


def _notes(
    tokenizer: PreTrainedTokenizerBase, examples: Sequence[Example], clock: Clock, shielded: int, told: str | None
) -> list[str]:
    asks = any(asks_for_the_day(tokenizer, example.messages, clock=clock) for example in examples)
    notes = {
        f"the chat template was told that it is {clock.time.date()}": asks,
        f"rows that spell a control token, which was kept as text: {shielded}": shielded,
        f"{told}": told,
    }
    return [note for note, holds in notes.items() if holds]


def chosen_alone(examples: Sequence[Example]) -> tuple[str, ...]:
    """A note on preference pairs, for a trainer that learns from one answer to a prompt."""
    pairs = sum(example.rejected is not None for example in examples)
    return (f"preference pairs, of which the chosen answers alone were learned from: {pairs}",) if pairs else ()


def reads(tokenizer: PreTrainedTokenizerBase, examples: Sequence[Example], clock: Clock) -> Mapping[str, str | int]:
    """What decides beside the rows themselves what the model reads; nothing where it is as it always was.

    That is how many rows spell control tokens, and another day than the one that nobody has to name.
    """
    control = control_tokens(tokenizer)
    suspects = [one for one in examples if any(control.spelled(m.content, control.all) for m in one.messages)]
    rows = each_row(suspects, lambda example: tokenise(tokenizer, example.messages, clock=clock))
    found: dict[str, str | int] = {}
    if shielded := sum(row.shielded for row in rows):
        found["shielded"] = shielded
    if clock != CLOCK and any(asks_for_the_day(tokenizer, example.messages, clock=clock) for example in examples):
        found["today"] = clock.time.date().isoformat()
    return found
