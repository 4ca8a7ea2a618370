"""Respond: let a subject answer a frozen evaluation set, batch by batch, keeping each finished batch."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from pydantic import JsonValue

from qlora_gov.canonical import columns_id, content_id
from qlora_gov.errors import ModelError
from qlora_gov.plugin.specs import Progress
from qlora_gov.records import Adapter, Base, DatasetVersion, Environment, GenerationSettings, Responses
from qlora_gov.records.answer import Answer, LogLikelihood
from qlora_gov.records.example import Example, Message
from qlora_gov.records.inputs import Inputs
from qlora_gov.records.table import Table, cut_short, empty_answers


class Subject(Protocol):
    """What is evaluated, as this stage needs it."""

    def answer(self, prompts: Sequence[Sequence[Message]], max_new_tokens: int) -> Sequence[Answer]:
        """Answer a batch of prompts."""
        ...

    def loglikelihood(self, conversations: Sequence[Sequence[Message]]) -> Sequence[LogLikelihood]:
        """Rate the last turn of each conversation."""
        ...


class Spool:
    """Finished batches in a file, one line each, so that a killed run goes on where it was.

    Batches are planned from all rows whatever is done already: which rows share a batch can change the last bits of
    a number, and a resumed run must equal an uninterrupted one. So batches of another machine or of other libraries
    are passed over: ``made_by`` is the environment that the record will name for all of them.
    """

    def __init__(self, path: Path, made_by: Environment | None = None) -> None:
        self.path = path
        self._made_by = "" if made_by is None else _machine(made_by)
        self.done: dict[int, list[Answer]] = {}
        path.parent.mkdir(parents=True, exist_ok=True)
        lines = path.read_bytes().splitlines(keepends=True) if path.exists() else []
        whole = [line for line in lines if line.endswith(b"\n")]  # a kill can cut the last line short
        for line in whole:
            batch = json.loads(line)
            if batch.get("by") == self._made_by:
                self.done[batch["batch"]] = [_answer(values) for values in batch["rows"]]
        if whole != lines:
            os.truncate(path, sum(map(len, whole)))

    def put(self, batch: int, rows: list[Answer]) -> None:
        """Keep a finished batch before going on."""
        with self.path.open("a", encoding="utf-8") as stream:
            kept = {"batch": batch, "by": self._made_by, "rows": [asdict(row) for row in rows]}
            stream.write(json.dumps(kept) + "\n")
        self.done[batch] = rows


def _machine(environment: Environment) -> str:
    """What of an environment can change an answer: all but the project's commit."""
    return content_id(environment.model_dump(mode="json", exclude={"git_commit", "git_dirty"}))


def _answer(values: dict[str, Any]) -> Answer:
    likelihood = values["likelihood"]
    return Answer(values["response"], values["finish"], None if likelihood is None else LogLikelihood(**likelihood))


def answer_dataset(
    subject: Subject,
    base: Base,
    adapter: Adapter | None,
    dataset: DatasetVersion,
    examples: Sequence[Example],
    *,
    quantization: str,
    generation: GenerationSettings,
    likelihoods: bool,
    spool: Spool,
    environment: Environment,
    progress: Progress,
    applied: Mapping[str, JsonValue] | None = None,
    inputs: Inputs | None = None,
) -> tuple[Responses, dict[str, Table]]:
    """Return the record of all responses, and the tables ``responses`` and, where asked for, ``likelihoods``.

    ``applied`` is what of the base's own defaults had a say in the choice of tokens.
    """
    who = "base" if adapter is None else "adapter"
    progress.begin(f"the {who} answers", len(examples))
    for number, batch in enumerate(batches(examples, generation.batch_size)):
        if number not in spool.done:
            spool.put(number, ask(subject, [examples[at] for at in batch], generation, likelihoods=likelihoods))
        progress.advance(len(batch))
    rows = _in_order(batches(examples, generation.batch_size), spool)
    tables = _tables(examples, rows, likelihoods)
    record = Responses(
        base=base.id,
        adapter=adapter.id if adapter else None,
        dataset=dataset.id,
        quantization=quantization,
        generation=generation,
        rows=len(rows),
        digest=columns_id(tables["responses"]),
        likelihoods=columns_id(tables["likelihoods"]) if likelihoods else None,
        environment=environment,
        cut=cut_short(tables["responses"]),
        empty=empty_answers(tables["responses"]),
        applied=applied or {},
        inputs=inputs,
    )
    return record, tables


def batches(examples: Sequence[Example], size: int) -> list[list[int]]:
    """Batches of row numbers, prompts of like length together: padding costs time."""
    order = sorted(range(len(examples)), key=lambda at: (sum(len(m.content) for m in examples[at].prompt), at))
    return [order[at : at + size] for at in range(0, len(order), size)]


def ask(
    subject: Subject, examples: Sequence[Example], generation: GenerationSettings, *, likelihoods: bool
) -> list[Answer]:
    """Let a subject answer one batch. Raises ModelError where it gives a reference no likelihood that is finite."""
    answers = subject.answer([example.prompt for example in examples], generation.max_new_tokens)
    rated: Sequence[LogLikelihood | None] = [None] * len(examples)
    if likelihoods:
        rated = subject.loglikelihood([example.messages for example in examples])
    for example, value in zip(examples, rated, strict=True):
        if value is not None and not math.isfinite(value.nll):
            raise ModelError(f"{example.source}: the model gives this answer the log-likelihood {-value.nll}")
    return [replace(answer, likelihood=value) for answer, value in zip(answers, rated, strict=True)]


def _in_order(plan: Sequence[Sequence[int]], spool: Spool) -> list[Answer]:
    placed = {at: row for number, batch in enumerate(plan) for at, row in zip(batch, spool.done[number], strict=True)}
    return [placed[at] for at in range(len(placed))]


def _tables(examples: Sequence[Example], rows: Sequence[Answer], likelihoods: bool) -> dict[str, Table]:
    number = np.arange(len(rows))
    tables: dict[str, Table] = {
        "responses": {
            "row": number,
            "example": [example.id for example in examples],
            "response": [row.response for row in rows],
            "finish": [row.finish for row in rows],
        }
    }
    if likelihoods:
        rated = [row.likelihood for row in rows if row.likelihood is not None]
        tables["likelihoods"] = {
            "row": number,
            "nll": np.array([value.nll for value in rated], dtype=np.float64),
            "tokens": np.array([value.tokens for value in rated], dtype=np.int64),
            "bytes": np.array([value.bytes for value in rated], dtype=np.int64),
        }
    return tables
