"""What stops a training, what that names, and what does not stop it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from qlora_gov import LossPoint, TrainingError
from qlora_gov_trainers.divergence import Divergence
from qlora_gov_trainers.settings import Nf4QloraSettings
from qlora_gov_trainers.step.trainer import Steps, StepTrainer
from qlora_gov_trainers.trainer import Nf4QloraTrainer
from tests.plugins.qlora_gov_trainers.test_losses import job_of
from tests.stages.toys import example

GUESS = math.log(1000)


def watched(losses: Sequence[float], guess: float = GUESS) -> None:
    """Look at a run's losses as they come."""
    points = [LossPoint(step=step, loss=loss) for step, loss in enumerate(losses, 1)]
    divergence = Divergence(guess, lambda step: [f"rows.jsonl:{step}", "rows.jsonl:0"])
    for step in range(1, len(points) + 1):
        divergence.refuse_numbers(step, points[step - 1].loss, 1.0)
        divergence.refuse_explosion(points[:step])


@pytest.mark.parametrize(
    "losses",
    [
        [2.0] * 50,
        [GUESS + 2] * 50,  # a base that knows nothing yet, and answers worse than at random
        [2.0] * 10 + [50.0] * 4 + [2.0] * 10 + [50.0] * 4,  # rows of noise in a few steps
        [1.0] * 10 + [6.0] * 50,  # a harder part of the data: three times the loss, but no worse than guessing
        [3.0] * 10 + [8.0] * 50,  # worse than guessing, but not by much: the learning rate is near its peak
        [9.0, 9.0, 9.0, 9.0],
    ],
)
def test_no_healthy_run_is_stopped(losses: Sequence[float]) -> None:
    watched(losses)


def test_a_loss_that_exploded_stops_at_its_fifth_step_and_names_the_rows_of_the_first() -> None:
    with pytest.raises(TrainingError) as stopped:
        watched([1.0, 2.0, 3.0, *[9.5] * 5])
    assert str(stopped.value) == (
        "the loss exploded: above 9.5 for 5 steps since step 4, where guessing gives 6.91 and the median before was 2; "
        "no adapter is recorded: lower the learning rate, or look for broken rows among those of step 4: "
        "rows.jsonl:4, rows.jsonl:0"
    )
    watched([1.0, 2.0, 3.0, *[9.5] * 4])
    watched([1.0, 2.0, 3.0, *[9.5] * 5], guess=math.inf)


@pytest.mark.parametrize(
    ("loss", "gradient", "said"),
    [
        (math.nan, 1.0, "the loss became nan at step 7; "),
        (math.inf, 1.0, "the loss became inf at step 7; "),
        (2.0, math.inf, "the norm of the gradient became inf at step 7; "),
        (2.0, math.nan, "the norm of the gradient became nan at step 7; "),
    ],
)
def test_what_is_no_number_stops_and_names_the_first_rows_of_the_step(loss: float, gradient: float, said: str) -> None:
    rows = [f"r:{n}" for n in range(64)]
    with pytest.raises(TrainingError) as stopped:
        Divergence(GUESS, lambda step: rows).refuse_numbers(7, loss, gradient)
    assert str(stopped.value).startswith(said)
    assert str(stopped.value).endswith("among those of step 7: r:0, r:1, r:2, r:3, r:4 and 59 more")
    with pytest.raises(TrainingError, match=r"or look for broken rows$"):
        Divergence().refuse_numbers(7, loss, gradient)


@pytest.mark.parametrize("step", [2, 5])
def test_the_rows_that_are_named_are_those_of_the_step(
    step: int, tiny_base: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ten rows are three steps of an epoch; the fifth step is in the second."""
    seen: list[list[int]] = []
    own = StepTrainer._share

    def spoilt(self: Any, rows: Any) -> Any:
        made = own(self, rows)
        seen.append(sorted(len(row.ids) for row in rows))
        if len(seen) == step:
            made["targets"] = math.nan  # of which the loss is a mean
        return made

    monkeypatch.setattr(StepTrainer, "_share", spoilt)
    rows = [example("Ask?", "a" * (at + 1), source=f"rows.jsonl:{at}") for at in range(10)]  # known by their lengths
    job = replace(job_of(tiny_base, tmp_path, 1), examples=rows)
    with pytest.raises(TrainingError, match=f"^the loss became nan at step {step}; ") as stopped:
        Nf4QloraTrainer(Nf4QloraSettings.model_validate({"preset": "demo", "rank": 2, "epochs": 2})).train(job)
    places = Steps(10, 4, job.seed).of_step(step)
    named = ", ".join(f"rows.jsonl:{at}" for at in places)
    assert str(stopped.value).endswith(f" among those of step {step}: {named}")
    shortest = min(min(lengths) for lengths in seen)
    assert {length - shortest for length in seen[step - 1]} == set(places)


def test_each_step_of_a_training_is_known_by_its_number() -> None:
    steps = Steps(10, 4, seed=3)
    every = []
    for epoch in range(3):
        steps.set_epoch(epoch)
        every += list(steps)
    assert [steps.of_step(number) for number in range(1, 10)] == every
    assert every[:3] != every[3:6]
