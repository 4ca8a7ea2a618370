"""An adapter that learned nothing is refused before it is kept, and before it answers."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import load, save

from qlora_gov.errors import ModelError, TrainingError
from qlora_gov.models.clock import Clock
from qlora_gov.pipeline import subjects, training
from qlora_gov.plugin.specs import TrainingJob, TrainingOutcome
from qlora_gov.stages.train import adapter_files
from tests.stages.toys import BASE, DATASET, HERE, Quiet, component, examples
from tests.support.adapters import write_adapter

WEIGHTS = "adapter_model.safetensors"


def untrained(directory: Path) -> Path:
    """An adapter whose lora_B is all zero, as peft begins with."""
    write_adapter(directory, "a")
    values = load((directory / WEIGHTS).read_bytes())
    zeroed = {name: np.zeros_like(value) if "lora_B" in name else value for name, value in values.items()}
    (directory / WEIGHTS).write_bytes(save(zeroed))
    return directory


class Trains:
    """A trainer that leaves an adapter of one kind."""

    def __init__(self, leave: Any) -> None:
        self.leave = leave

    def train(self, job: TrainingJob) -> TrainingOutcome:
        self.leave(job.output)
        return TrainingOutcome(losses=(), steps=0, tokens=0, notes=())


@pytest.fixture
def space(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """As much of a workspace as the steps ask for."""
    monkeypatch.setattr(training, "training_rows", lambda ledger, state, dataset: examples(2))
    monkeypatch.setattr(training, "environment_of", lambda root, device: HERE)
    monkeypatch.setattr(training, "device", lambda: "cpu")
    project, kept = SimpleNamespace(seed=1, strict=True, base=SimpleNamespace(today=None)), tmp_path / "adapters"
    return SimpleNamespace(
        project=project,
        ledger=None,
        state=tmp_path,
        root=tmp_path,
        progress=Quiet(),
        adapter=lambda digest: kept / digest[7:],
    )


def trained(space: Any, work: Path, leave: Any) -> Any:
    trainer: Any = SimpleNamespace(make=lambda: Trains(leave), component=component("recipe"))
    base: Any = SimpleNamespace(record=BASE, path=work)
    return training.tuning(space, trainer, base, DATASET).make(work)[0]


def test_a_training_that_changed_nothing_is_refused_and_nothing_is_kept(space: Any, tmp_path: Path) -> None:
    with pytest.raises(
        TrainingError, match=r"^the training made no adapter: .*: in every pair lora_A or lora_B is zero"
    ):
        trained(space, tmp_path / "work", untrained)
    assert not (tmp_path / "adapters").exists()
    adapter = trained(space, tmp_path / "work", lambda output: write_adapter(output, "a"))
    assert (space.adapter(adapter.digest) / WEIGHTS).is_file()


def test_one_that_is_on_record_does_not_answer(space: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(subjects.Subject, "load", lambda *paths, **settings: pytest.fail("a model was loaded"))
    files = adapter_files(untrained(space.adapter("sha256:1")))
    adapter: Any = SimpleNamespace(id="sha256:2", digest="sha256:1", files=files)
    with pytest.raises(ModelError, match=f"^{space.adapter('sha256:1')}/{WEIGHTS}: in every pair lora_A or lo"):
        subjects.load_subject(space, tmp_path, adapter, "none", "base", Clock.at(date(2026, 1, 1)))
