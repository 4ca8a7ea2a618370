"""Reading all rows as a base will, before anything is trained or answered: what it is given, and what cannot be."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeVar

import numpy as np

from qlora_gov.canonical import columns_id
from qlora_gov.errors import DataError, ModelError
from qlora_gov.models.chat import IGNORED, Tokenised, asks_for_the_day, tokenise
from qlora_gov.models.clock import Clock
from qlora_gov.models.positions import Positions
from qlora_gov.plugin.specs import Progress
from qlora_gov.records.example import Example
from qlora_gov.records.inputs import Inputs

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

T = TypeVar("T")


def each_row(
    examples: Sequence[Example], read: Callable[[Example], T], label: str = "", progress: Progress | None = None
) -> list[T]:
    """What is read of each row, shown under a label.

    Raises DataError where a base cannot take some rows: a line that names the first one, why, and what to do.
    """
    if progress is not None:
        progress.begin(label, len(examples))
    results: list[T] = []
    refused: list[tuple[str, ModelError]] = []
    for example in examples:
        try:
            results.append(read(example))
        except ModelError as error:
            refused.append((example.source, error))
        if progress is not None:
            progress.advance()
    if refused:
        source, first = refused[0]
        what = str(first).removeprefix("base: ")
        raise DataError(f"{source}: {what}{_more(len(refused))}; {_remedy(what)}") from first
    return results


def _more(rows: int) -> str:
    return f" (and {rows - 1} more {'row' if rows == 2 else 'rows'})" if rows > 1 else ""


def _remedy(what: str) -> str:
    """What to do about a row that the template does not take; templates word their refusals as they like."""
    said = what.lower()
    if "control token" in said:
        return "write it otherwise in the row"
    if "earlier turns" in said:
        return "give each of the assistant's turns a row of its own, or use a base whose template keeps what was said"
    if "system" in said:
        return "put the system's text into the first turn of the user, or use a base whose template takes a system turn"
    if "alternat" in said or "role" in said:
        return "let turns of user and assistant take turns, as the template asks, or use another base"
    return "change the row, or use a base whose template takes it"


@dataclass(frozen=True)
class Reading:
    """What a base is given of an evaluation set, and in a line each which rows must not, or should not be answered."""

    inputs: Inputs
    problems: tuple[str, ...] = ()
    notices: tuple[str, ...] = ()

    def refuse(self) -> None:
        """Raise DataError where there are rows that the base cannot be given."""
        if self.problems:
            raise DataError(*self.problems)


@dataclass
class _Rows:
    """Rows as they were read: what the subject answers, and what it rates."""

    prompts: list[Tokenised] = field(default_factory=list)
    references: list[Tokenised] = field(default_factory=list)

    def digest(self) -> str:
        """Of all tokens, with whether they are rated, and of where rows end."""
        columns = {}
        for name, rows in (("prompt", self.prompts), ("reference", self.references)):
            columns[f"{name}_length"] = np.array([len(row.ids) for row in rows], dtype=np.int64)
            columns[f"{name}_token"] = np.array([id_ for row in rows for id_ in row.ids], dtype=np.int64)
            columns[f"{name}_rated"] = np.array([at != IGNORED for row in rows for at in row.labels], dtype=np.bool_)
        return columns_id(columns)

    @property
    def shielded(self) -> int:
        pairs = zip(self.prompts, self.references or self.prompts, strict=True)
        return sum(prompt.shielded or reference.shielded for prompt, reference in pairs)


def read_evaluation(
    tokenizer: PreTrainedTokenizerBase,
    examples: Sequence[Example],
    positions: Positions,
    *,
    clock: Clock,
    likelihoods: bool,
    max_new_tokens: int,
    strict: bool,
    progress: Progress,
) -> Reading:
    """Read an evaluation set as a subject will. Raises DataError for rows that the template does not take.

    Rows beyond the base's positions are a problem where it breaks there, and where the project is ``strict``;
    else they are counted: the base goes on, with numbers that nobody made it for.
    """
    rows, asked = _Rows(), False

    def read(example: Example) -> None:
        nonlocal asked
        prompt = tokenise(tokenizer, example.prompt, prompt=True, clock=clock)
        asked = asked or asks_for_the_day(tokenizer, example.prompt, prompt=True, clock=clock)
        if likelihoods:
            asked = asked or asks_for_the_day(tokenizer, example.messages, clock=clock)
            rows.references.append(tokenise(tokenizer, example.messages, last_only=True, clock=clock))
        rows.prompts.append(prompt)

    each_row(examples, read, "reading evaluation rows", progress)
    sources = [example.source for example in examples]
    answers = beyond(sources, [len(row.ids) + max_new_tokens for row in rows.prompts], positions, unread=1)
    rated = beyond(sources, [len(row.ids) for row in rows.references], positions)
    answered = answers.told(
        f"tokens with up to {max_new_tokens} of the answer",
        answers.place,
        "lower evaluation.generation.max_new_tokens, or drop such rows with the length filter",
    )
    referred = rated.told(
        "tokens with the reference answer", rated.place, "shorten it, or drop such rows with the length filter"
    )
    inputs = Inputs(
        digest=rows.digest(),
        today=clock.time.date().isoformat() if asked else None,
        shielded=rows.shielded,
        beyond=len({*answers.rows, *rated.rows}),
    )
    lines = tuple(filter(None, (answered, referred)))
    return Reading(inputs, problems=lines) if positions.hard or strict else Reading(inputs, notices=lines)


@dataclass(frozen=True)
class Beyond:
    """Rows that take more positions than a base has: their place, and how many tokens each has."""

    rows: dict[str, int]
    positions: Positions

    @property
    def place(self) -> str:
        """Where they go."""
        return f"over the {self.positions.limit} positions of the base"

    def told(self, tokens: str, place: str, remedy: str) -> str | None:
        """One line on all of them, which names the first; None where there is none."""
        if not self.rows:
            return None
        source, length = next(iter(self.rows.items()))
        return f"{source}: {length} {tokens}, {place}{_more(len(self.rows))}; {remedy}"


def beyond(sources: Sequence[str], lengths: Sequence[int], positions: Positions, *, unread: int = 0) -> Beyond:
    """The rows that go beyond a base's positions, by where they stand.

    ``unread`` counts tokens that take none: the last one that a model says it is never given.
    """
    pairs = zip(sources, lengths, strict=False)
    return Beyond({source: length for source, length in pairs if positions.over(length - unread)}, positions)
