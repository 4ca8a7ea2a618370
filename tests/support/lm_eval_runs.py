"""Runs of lm-evaluation-harness, written as it writes them and without it: for what a real run would take too long."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

Scores = Sequence[float | str | None]


def write_run(
    directory: Path,
    tasks: Mapping[str, Mapping[str, Scores]],
    model_args: Any = "pretrained=m",
    *,
    model: str = "m",
    backend: str = "hf",
    date: float = 1.7e9,
    reported: Mapping[str, Mapping[str, float]] | None = None,
    groups: Mapping[str, Sequence[str]] | None = None,
    version: str = "0.4.9",
) -> Path:
    """Write a run's results file and samples; returns the former.

    ``tasks`` has each task's scores by metric, a score for each document; ``reported`` the means that the results file
    states, where they are not those of the scores.
    """
    directory.mkdir(parents=True, exist_ok=True)
    results: dict[str, dict[str, Any]] = {}
    for task, metrics in tasks.items():
        rows = [dict(zip(metrics, scores, strict=True)) for scores in zip(*metrics.values(), strict=True)]
        lines = [json.dumps(_sample(task, at, row)) for at, row in enumerate(rows)]
        (directory / f"samples_{task}_1.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")
        means = {name: _mean(scores) for name, scores in metrics.items()} | dict((reported or {}).get(task, {}))
        results[task] = {f"{name},none": mean for name, mean in means.items()}
    written = directory / "results_1.json"
    told = {
        "lm_eval_version": version,
        "date": date,
        "model_name": model,
        "model_source": backend,
        "config": {"model": backend, "model_args": model_args},
        "configs": {task: {"output_type": "generate_until"} for task in tasks},
        "results": results,
        "group_subtasks": dict(groups or {}) | {task: [] for task in tasks},
    }
    written.write_text(json.dumps(told), encoding="utf-8")
    return written


def _sample(task: str, at: int, scores: Mapping[str, Any]) -> dict[str, Any]:
    prompt = f"{task}: what is {at}?"
    return {
        "doc_id": at,
        "target": str(at),
        "arguments": {"gen_args_0": {"arg_0": prompt, "arg_1": {"until": ["\n"]}}},
        "resps": [[str(at)]],
        "filtered_resps": [str(at)],
        "filter": "none",
        "metrics": list(scores),
        "doc_hash": hashlib.sha256(f"{task} {at}".encode()).hexdigest(),
        "prompt_hash": hashlib.sha256(prompt.encode()).hexdigest(),
        "target_hash": hashlib.sha256(str(at).encode()).hexdigest(),
        **scores,
    }


def _mean(scores: Scores) -> float:
    numbers = [score if isinstance(score, int | float) else math.nan for score in scores]
    return sum(numbers) / len(numbers)
