"""Evaluate with Inspect as RUNS says, a JSON list. Called by logs.py, as a process of its own."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from inspect_ai import Task, eval  # noqa: A004
from inspect_ai.dataset import json_dataset
from inspect_ai.model import ModelOutput
from inspect_ai.scorer import Score, Target, accuracy, match, mean, scorer
from inspect_ai.solver import Generate, Solver, TaskState, solver

LONG = "Which number comes next: " + ", ".join(str(number) for number in range(200))  # Inspect stores it as attachment
PICTURE = "data:image/gif;base64,R0lGODlhAQABAAAAACwAAAAAAQABAAA="
SAMPLES = [
    {"id": 1, "input": "What is 1 + 1?", "target": "2"},
    {"id": 2, "input": "What is 1 + 2?", "target": "3"},
    {"id": 10, "input": LONG, "target": "200"},
    {
        "id": "chat",
        "input": [
            {"role": "system", "content": "Be brief."},
            {"role": "user", "content": [{"type": "text", "text": "2 + 2?"}]},
        ],
    },
    {"id": "several", "input": "Name an even number.", "target": ["2", "4"]},
    {
        "id": "picture",
        "input": [
            {
                "role": "user",
                "content": [{"type": "text", "text": "What is this?"}, {"type": "image", "image": PICTURE}],
            }
        ],
    },
    {"id": "choices", "input": "Which is even?", "target": "B", "choices": ["1", "2"]},
]


def answered(answers: list[str], failing: bool) -> Solver:
    """Gives a sample the answer in its place. Answers are the model's, so they are no arguments of the solver."""

    async def solve(state: TaskState, generate: Generate) -> TaskState:
        place = [sample["id"] for sample in SAMPLES].index(state.sample_id)
        if failing and place == len(SAMPLES) - 1:
            raise RuntimeError("the sandbox did not start")
        answer = answers[((state.epoch - 1) * len(SAMPLES) + place) % len(answers)]
        state.output = ModelOutput.from_content("given", answer)
        return state

    return solver("answered")(lambda: solve)()


@scorer(metrics=[{"words": [mean()], "even": [mean()]}])
def shape():
    """Several values at once."""

    async def score(state: TaskState, target: Target) -> Score:
        text = state.output.completion
        return Score(value={"words": len(text.split()), "even": text.isdigit() and int(text) % 2 == 0})

    return score


@scorer(metrics=[accuracy()])
def graded():
    """A grade, a word that Inspect would count as 0, or no score at all."""

    async def score(state: TaskState, target: Target) -> Score:
        values = {1: "P", 2: "N", 10: "yes", "chat": "perhaps"}
        if state.sample_id == "several":
            return Score.unscored(reason="no grade")
        return Score(value=values.get(state.sample_id, "C"))

    return score


def run(log_dir: str, answers: list[str], epochs: int = 2, log_format: str = "eval", failing: str = "") -> None:
    """Write one log to a directory."""
    data = Path(log_dir) / "samples.jsonl"
    data.parent.mkdir()
    data.write_text("".join(f"{json.dumps(sample)}\n" for sample in SAMPLES), encoding="utf-8")
    task = Task(
        dataset=json_dataset(str(data)),
        solver=answered(answers, bool(failing)),
        scorer=[match(), shape(), graded()],
        name="arithmetic",
    )
    eval(
        task,
        model="mockllm/model",
        epochs=epochs,
        fail_on_error=failing != "tolerated",
        log_dir=log_dir,
        log_format=log_format,
        display="none",
    )


if __name__ == "__main__":
    for options in json.loads(sys.argv[1]):
        run(**options)
