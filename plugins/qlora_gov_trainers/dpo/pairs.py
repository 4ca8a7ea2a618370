"""Preference pairs as the model is given them: a prompt with the chosen answer, and with the rejected one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from qlora_gov import DataError, Example, Message, TrainingJob
from qlora_gov.models.chat import IGNORED, Tokenised
from qlora_gov_trainers.rows import read_rows

if TYPE_CHECKING:
    import torch
    from transformers import PreTrainedTokenizerBase

Row = Mapping[str, list[int]]
"""A pair by its columns: the token ids ``[t]`` of a prompt with either answer, and which of them are the answer's."""


@dataclass(frozen=True)
class Pairs:
    """Pairs as they are learned from, how many tokens of answers they have, and what a card should say of them."""

    rows: Sequence[Row]
    targets: int
    notes: tuple[str, ...]


def both(examples: Sequence[Example]) -> list[Example]:
    """Each pair as two conversations: all that end in the chosen answer, and then all that end in the rejected one.

    Raises DataError where rows have no rejected answer: a line that names the first one.
    """
    if lacking := [example.source for example in examples if example.rejected is None]:
        more = f" (and {len(lacking) - 1} more)" if len(lacking) > 1 else ""
        raise DataError(
            f"{lacking[0]}: no rejected answer, and dpo learns from pairs{more}; give rows with 'shape: preference'"
        )
    return [*(example.model_copy(update={"rejected": None}) for example in examples), *map(_rejected, examples)]


def _rejected(example: Example) -> Example:
    answer = Message(role="assistant", content=example.rejected or "")
    return example.model_copy(update={"messages": (*example.prompt, answer), "rejected": None})


def read_pairs(tokenizer: PreTrainedTokenizerBase, job: TrainingJob, max_length: int) -> Pairs:
    """Tokenise both answers of every pair. Raises DataError as :func:`both` and :func:`read_rows` do."""
    read = read_rows(tokenizer, replace(job, examples=both(job.examples)), max_length, last_only=True)
    count = len(job.examples)
    rows = [
        {**_columns("chosen", chosen), **_columns("rejected", rejected)}
        for chosen, rejected in zip(read.tokenised[:count], read.tokenised[count:], strict=True)
    ]
    same = sum(row["chosen_ids"] == row["rejected_ids"] for row in rows)
    notes = (f"pairs whose two answers are the same, and teach nothing: {same}",) if same else ()
    return Pairs(rows, sum(row.targets for row in read.tokenised), (*read.notes, *notes))


def _columns(answer: str, row: Tokenised) -> dict[str, list[int]]:
    return {f"{answer}_ids": row.ids, f"{answer}_mask": [int(label != IGNORED) for label in row.labels]}


def collated(rows: Sequence[Row]) -> dict[str, torch.Tensor]:
    """A batch as TRL takes it: ``[2 n, t]``, first all chosen answers behind their prompts, then all rejected ones."""
    import torch
    from torch.nn.utils.rnn import pad_sequence

    def padded(column: str) -> torch.Tensor:
        sequences = [torch.tensor(row[f"{answer}_{column}"]) for answer in ("chosen", "rejected") for row in rows]
        return pad_sequence(sequences, batch_first=True)  # with zeros, which no mask lets in

    lengths = torch.tensor([len(row[f"{answer}_ids"]) for answer in ("chosen", "rejected") for row in rows])
    ids = padded("ids")
    attended = torch.arange(ids.shape[1])[None] < lengths[:, None]
    return {"input_ids": ids, "attention_mask": attended.long(), "completion_mask": padded("mask")}
