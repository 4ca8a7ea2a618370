"""Rows to score, made by hand or from real questions and answers."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from qlora_gov import EvaluatedRow, Example, LogLikelihood, Message

MakeRow = Callable[..., EvaluatedRow]


@pytest.fixture(scope="session")
def make_row() -> MakeRow:
    def make(
        response: str | None,
        reference: str = "",
        *,
        question: str = "A question?",
        intent: str | None = None,
        likelihood: LogLikelihood | None = None,
    ) -> EvaluatedRow:
        messages = (Message(role="user", content=question), Message(role="assistant", content=reference))
        example = Example(messages=messages, group="a", intent=intent, source="rows.jsonl:1")
        return EvaluatedRow(example, response, likelihood)

    return make


@pytest.fixture
def tatqa_rows(public_data: Callable[[str], Path], make_row: MakeRow) -> Sequence[EvaluatedRow]:
    """400 finance answers, answered by their derivation, a part, a neighbour, themselves, a paragraph or nothing."""
    contexts = json.loads(public_data("tatqa/tatqa_dataset_dev.json").read_text(encoding="utf-8"))
    rows = []
    for context in contexts:
        answers = [_text(question["answer"]) for question in context["questions"]]
        for index, (question, answer) in enumerate(zip(context["questions"], answers, strict=True)):
            words = answer.split()
            others = (
                question["derivation"],
                " ".join(words[: max(1, 2 * len(words) // 3)]),
                answers[index - 1],
                answer,
                context["paragraphs"][0]["text"],
                "",
            )
            rows.append(make_row(others[len(rows) % len(others)], answer))
    return sorted(rows, key=lambda row: len(row.example.reference), reverse=True)[:400]


def _text(answer: object) -> str:
    return ", ".join(map(str, answer)) if isinstance(answer, list) else str(answer)
