"""Rows as columns: the tables behind records, and how rows become columns and come back.

A table maps column names to columns of one length. The ledger stores them beside the record that they belong to,
and the record holds their digest.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qlora_gov.canonical import Column, canonical_json, columns_id, parse_json
from qlora_gov.records.answer import LogLikelihood
from qlora_gov.records.example import Example, Message

Table = Mapping[str, Column]
Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

TABLES: Mapping[str, Mapping[str, str]] = {
    "examples": {
        "row": "BIGINT",
        "id": "TEXT",
        "messages": "TEXT",
        "group": "TEXT",
        "provenance": "TEXT?",
        "intent": "TEXT?",
        "language": "TEXT?",
        "extra": "TEXT",
        "source": "TEXT",
    },
    "origins": {"row": "BIGINT", "example": "TEXT", "provenance": "TEXT?", "source": "TEXT"},
    "changes": {
        "row": "BIGINT",
        "step": "BIGINT",
        "source": "TEXT",
        "example": "TEXT",
        "became": "TEXT?",
        "reason": "TEXT",
        "score": "DOUBLE?",
        "matched": "TEXT?",
        "spans": "TEXT?",
    },
    "responses": {"row": "BIGINT", "example": "TEXT", "response": "TEXT", "finish": "TEXT"},
    "likelihoods": {"row": "BIGINT", "nll": "DOUBLE", "tokens": "BIGINT", "bytes": "BIGINT"},
    "recorded": {"row": "BIGINT", "name": "TEXT", "value": "DOUBLE"},
    "scores": {"metric": "BIGINT", "component": "BIGINT", "row": "BIGINT", "value": "DOUBLE"},
    "findings": {
        "row": "BIGINT",
        "field": "TEXT",
        "detector": "BIGINT",
        "kind": "TEXT",
        "score": "DOUBLE",
        "start": "BIGINT",
        "end": "BIGINT",
    },
}
"""Columns of each table with their SQL types; ``?`` marks a column that may be missing in a row.

``row`` counts from 0 in the order of the dataset version, in ``changes`` the lines. ``messages`` are the turns as JSON;
the last one of a preference pair has a key ``rejected`` besides. ``origins`` says where the
rows of a training set came from, whose texts lie in a file; of an evaluation set, ``examples`` does. ``changes`` says
what a curation step did with a row: the id that it had and the one that it has now, none where it was dropped; why; how
sure or how alike; the id of the row that it was held against; and where something was found in it, as
``{"KIND": [[turn, start, end]]}``. ``recorded`` holds scores that another tool gave a row, by their name in its log.
``scores`` holds one value for each scored row and component of the measurement with index ``metric``; a row that could
not be scored has none. ``findings`` are spans that the scan with index ``detector`` saw in the field ``prompt``,
``reference`` or ``response`` of a row.
"""


ORIGINS = tuple(TABLES["origins"])


def examples_table(examples: Sequence[Example]) -> Table:
    """Examples as columns."""
    return {
        "row": np.arange(len(examples)),
        "id": [example.id for example in examples],
        "messages": [_json(example.turns) for example in examples],
        "group": [example.group for example in examples],
        "provenance": [example.provenance for example in examples],
        "intent": [example.intent for example in examples],
        "language": [example.language for example in examples],
        "extra": [_json(dict(example.extra)) for example in examples],
        "source": [example.source for example in examples],
    }


def origins_table(table: Table) -> Table:
    """Where the rows of an examples table came from."""
    return {name: table["id" if name == "example" else name] for name in ORIGINS}


def without_origins(table: Table) -> Table:
    """An examples table as the digest of a version covers it that states the origins apart."""
    return {name: column for name, column in table.items() if name != "source"}


def examples_of(table: Table) -> list[Example]:
    """The examples that :func:`examples_table` turned into columns."""
    fields = ("messages", "group", "provenance", "intent", "language", "extra", "source")
    return [
        Example(
            **_said(parse_json(messages)),
            extra=parse_json(extra),
            source=source,
            group=group,
            provenance=provenance,
            intent=intent,
            language=language,
        )
        for messages, group, provenance, intent, language, extra, source in zip(
            *(table[field] for field in fields), strict=True
        )
    ]


def _said(turns: list[dict[str, str]]) -> dict[str, Any]:
    """What :attr:`Example.turns` records."""
    rejected = turns[-1].pop("rejected", None)
    return {"messages": tuple(Message(**turn) for turn in turns), "rejected": rejected}


def cluster_numbers(groups: Sequence[str]) -> NDArray[np.int64]:
    """The group of each row as a number from 0, ``[n]``, in the order of first appearance."""
    numbers: dict[str, int] = {}
    return np.array([numbers.setdefault(group, len(numbers)) for group in groups], dtype=np.int64)


def labels_of(examples: Sequence[Example]) -> dict[str, list[str | None]]:
    """What rows can be sliced by: provenance, intent, language and every extra that is a text, each ``[n]``."""
    extras = sorted({name for example in examples for name, value in example.extra.items() if isinstance(value, str)})
    own = {name: [getattr(example, name) for example in examples] for name in ("provenance", "intent", "language")}
    texts = {
        name: [value if isinstance(value := e.extra.get(name), str) else None for e in examples] for name in extras
    }
    return texts | own


def cut_short(responses: Table) -> int:
    """How many answers ended at the limit of tokens, and not where the subject would have ended."""
    return sum(finish == "length" for finish in responses["finish"])


def empty_answers(responses: Table) -> int:
    """How many answers are no text at all."""
    return sum(not response for response in responses["response"])


def likelihoods_of(table: Table) -> list[LogLikelihood]:
    """Each row's likelihood of its reference."""
    columns = (np.asarray(table[name]).tolist() for name in ("nll", "tokens", "bytes"))
    return [LogLikelihood(*values) for values in zip(*columns, strict=True)]


def recorded_table(scores: Sequence[Mapping[str, float]]) -> Table:
    """The scores that another tool gave each row, as columns."""
    cells = [(row, name, value) for row, given in enumerate(scores) for name, value in sorted(given.items())]
    return {
        "row": np.array([row for row, _, _ in cells], dtype=np.int64),
        "name": [name for _, name, _ in cells],
        "value": np.array([value for _, _, value in cells], dtype=np.float64),
    }


def recorded_scores(table: Table | None, rows: int) -> list[dict[str, float]]:
    """Each row's scores back from :func:`recorded_table`; none without a table."""
    scores: list[dict[str, float]] = [{} for _ in range(rows)]
    if table is not None:
        for row, name, value in zip(*(table[column] for column in ("row", "name", "value")), strict=True):
            scores[int(row)][str(name)] = float(value)
    return scores


def equal_answers(one: Table, other: Table) -> Bools:
    """The rows ``[n]`` that two tables of responses answer with the same text."""
    pairs = zip(one["response"], other["response"], strict=True)
    return np.array([mine == theirs for mine, theirs in pairs], dtype=np.bool_)


def scores_table(metrics: Sequence[tuple[int, Floats, Bools]]) -> Table:
    """Statistics ``[n, k]`` and scored rows ``[n]`` of several metrics, by their index, as one table."""
    columns: dict[str, list[NDArray[Any]]] = {"metric": [], "component": [], "row": [], "value": []}
    for index, stats, scored in metrics:
        rows = np.flatnonzero(scored)
        k = stats.shape[1]
        columns["metric"].append(np.full(rows.size * k, index))
        columns["component"].append(np.repeat(np.arange(k), rows.size))
        columns["row"].append(np.tile(rows, k))
        columns["value"].append(stats[rows].T.ravel())
    empty = {name: np.empty(0, dtype=np.float64 if name == "value" else np.int64) for name in columns}
    return {name: np.concatenate([empty[name], *parts]) for name, parts in columns.items()}


def scores_of(table: Table, index: int, rows: int, k: int) -> tuple[Floats, Bools]:
    """One metric's statistics ``[rows, k]`` and scored rows ``[rows]`` back from a scores table."""
    mine = np.asarray(table["metric"]) == index
    row, component = np.asarray(table["row"])[mine], np.asarray(table["component"])[mine]
    stats = np.zeros((rows, k))
    stats[row, component] = np.asarray(table["value"], dtype=np.float64)[mine]
    scored = np.zeros(rows, dtype=np.bool_)
    scored[row] = True
    return stats, scored


def scores_id(stats: Floats, scored: Bools) -> str:
    """The digest of one metric's statistics: those of scored rows, and which rows these are."""
    return columns_id({"scored": scored, "stats": stats[scored]})


def _json(value: Any) -> str:
    return canonical_json(value).decode()
