"""The losses of the demo recipe on a CPU, step by step: what the trainer's second revision makes.

A change of the recipe, of the order of rows, of the mask or of a library's arithmetic shows here first. The numbers
were printed by this very run; processors without bfloat16 give the same to 1e-4. Whoever means to change them raises
the trainer's ``revision``.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from qlora_gov import Example, TrainingError, TrainingJob
from qlora_gov_trainers.settings import Nf4QloraSettings
from qlora_gov_trainers.trainer import Nf4QloraTrainer
from tests.support.project import rows

LOSSES = (5.55922, 5.56042, 5.53168, 5.50248, 5.41891, 5.35228, 5.28344, 5.21545, 5.20795, 5.20011)


class Silent:
    def __init__(self) -> None:
        self.told: list[str] = []

    def tell(self, line: str) -> None:
        self.told.append(line)

    def begin(self, label: str, total: int) -> None: ...

    def advance(self, units: int = 1, note: str = "") -> None: ...


def job_of(base: Path, directory: Path, count: int) -> TrainingJob:
    values = enumerate(rows(count, "Ask"))
    examples = [Example.model_validate({**row, "source": f"rows.jsonl:{n}"}) for n, row in values]
    output = directory / "adapter"
    output.mkdir(parents=True)
    return TrainingJob(base, "tiny", examples, output, directory / "checkpoints", 3, Silent())


@pytest.mark.skipif(torch.cuda.is_available(), reason="pinned on a CPU")
def test_the_demo_recipe_loses_step_by_step_what_it_always_did(tiny_base: Path, tmp_path: Path) -> None:
    progress = Silent()
    job = replace(job_of(tiny_base, tmp_path, 40), progress=progress)
    outcome = Nf4QloraTrainer(Nf4QloraSettings.model_validate({"preset": "demo"})).train(job)
    losses = [point.loss for point in outcome.losses]
    assert [point.step for point in outcome.losses] == list(range(1, 11))
    assert losses == pytest.approx(LOSSES, rel=1e-3), losses
    recipe, trained, memory, time = progress.told
    assert recipe.startswith("recipe: preset demo, rank 16, alpha 32; alpha/rank = 2; rank 16 (playbook: 64)")
    assert "in 10 steps of 4 rows and about" in trained
    assert memory.startswith("memory: predicted peak of the process ")
    assert "for all steps" in time


def test_a_step_is_of_as_many_rows_whatever_the_accumulation(tiny_base: Path, tmp_path: Path) -> None:
    """Rows differ in length: the loss is a mean over a step's tokens, not over the means of its parts."""
    losses = []
    for micro, accumulation in ((4, 1), (2, 2), (1, 4)):
        settings = {"preset": "demo", "rank": 2, "dropout": 0, "micro_batch": micro, "accumulation": accumulation}
        trainer = Nf4QloraTrainer(Nf4QloraSettings.model_validate({**settings, "dtype": "float32"}))
        outcome = trainer.train(job_of(tiny_base, tmp_path / str(micro), 10))
        losses.append([point.loss for point in outcome.losses])
    assert losses[0] == pytest.approx(losses[1], rel=1e-4)
    assert losses[0] == pytest.approx(losses[2], rel=1e-4)


def test_a_step_is_of_as_many_rows_whatever_the_cards(
    tiny_base: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """transformers would take a micro batch for each card that it sees, and the recipe on record be another one."""
    trainer = Nf4QloraTrainer(Nf4QloraSettings.model_validate({"preset": "demo"}))
    job = job_of(tiny_base, tmp_path, 2)
    monkeypatch.setattr("torch.cuda.is_available", lambda: True)
    monkeypatch.setattr("torch.cuda.device_count", lambda: 4)
    monkeypatch.setattr("torch.cuda.set_device", lambda device: None)
    arguments = trainer._arguments(job, 2)
    assert (arguments.n_gpu, arguments.train_batch_size) == (1, trainer.settings.micro_batch)
    monkeypatch.setattr("transformers.TrainingArguments.world_size", 2)
    with pytest.raises(TrainingError, match="2 processes were started"):
        trainer._arguments(job, 2)
