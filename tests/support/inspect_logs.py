"""Logs of Inspect, written by its own writer and without an evaluation: for what a real run would take too long."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from inspect_ai.log import EvalLog


def log_of(scores: Sequence[float] = (), *, model: str = "mockllm/model", **spec: Any) -> EvalLog:
    """A log with a sample for each score; of ``spec``, ``plan`` is the plan and all else the evaluation's."""
    from inspect_ai.log import EvalConfig, EvalDataset, EvalLog, EvalPlan, EvalResults, EvalSample, EvalSpec
    from inspect_ai.model import ModelOutput
    from inspect_ai.scorer import Score

    plan = EvalPlan(**spec.pop("plan", {}))
    config = EvalConfig(**spec.pop("config", {}))
    samples = [
        EvalSample(
            id=at,
            epoch=1,
            input=f"{at}?",
            target="yes",
            output=ModelOutput.from_content(model, "yes"),
            scores={"match": Score(value=score)},
        )
        for at, score in enumerate(scores, start=1)
    ]
    return EvalLog(
        status="success",
        eval=EvalSpec(
            created=spec.pop("created", "2026-01-01T00:00:00+00:00"),
            task="sums",
            dataset=EvalDataset(),
            model=model,
            config=config,
            packages={"inspect_ai": "0.3.285"} | spec.pop("packages", {}),
            **spec,
        ),
        plan=plan,
        results=EvalResults(total_samples=len(samples), completed_samples=len(samples)),
        samples=samples,
    )


def write_log(path: Path, scores: Sequence[float], **spec: Any) -> Path:
    """Write such a log."""
    from inspect_ai.log import write_eval_log

    path.parent.mkdir(parents=True, exist_ok=True)
    write_eval_log(log_of(scores, **spec), str(path))
    return path
