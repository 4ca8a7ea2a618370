from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from qlora_gov.canonical import bytes_id, tree_id
from qlora_gov.errors import PluginError, TrainingError
from qlora_gov.plugin.specs import TrainingJob, TrainingOutcome
from qlora_gov.records import Adapter, LossPoint
from qlora_gov.stages.train import is_whole, train_adapter
from tests.stages.toys import BASE, DATASET, HERE, Quiet, component, examples

WEIGHTS, CONFIG = "adapter_model.safetensors", "adapter_config.json"
FILES = {WEIGHTS: b"weights", CONFIG: b"{}", "tokenizer/tokenizer.json": b"[]"}
OUTCOME = TrainingOutcome(losses=(LossPoint(step=1, loss=2.0),), steps=1, tokens=30, notes=("alpha/rank = 2",))


class Writes:
    """A trainer that writes files, and leaves a checkpoint before it does."""

    def __init__(self, files: dict[str, bytes] = FILES, fails: bool = False) -> None:
        self.files = files
        self.fails = fails
        self.jobs: list[TrainingJob] = []
        self.resumed = False

    def train(self, job: TrainingJob) -> TrainingOutcome:
        self.jobs.append(job)
        assert not list(job.output.iterdir())
        self.resumed = (job.checkpoints / "step-1").exists()
        (job.checkpoints / "step-1").write_bytes(b"state")
        for name, data in self.files.items():
            (job.output / name).parent.mkdir(exist_ok=True)
            (job.output / name).write_bytes(data)
        if self.fails:
            raise TrainingError("the loss is not finite at step 2")
        return OUTCOME


@pytest.fixture
def run(tmp_path: Path) -> Callable[[Any], Adapter]:
    def train_with(trainer: Any) -> Adapter:
        return train_adapter(
            trainer,
            component("recipe", rank=8),
            BASE,
            tmp_path / "base",
            DATASET,
            examples(3),
            seed=7,
            work=tmp_path / "state" / "work",
            keep=lambda digest: tmp_path / "state" / "adapters" / digest.removeprefix("sha256:"),
            environment=HERE,
            progress=Quiet(),
        )

    return train_with


def kept(tmp_path: Path, adapter: Adapter) -> Path:
    return tmp_path / "state" / "adapters" / adapter.digest.removeprefix("sha256:")


def test_an_adapter_is_recorded_with_all_that_made_it(tmp_path: Path, run: Callable[[Any], Adapter]) -> None:
    trainer = Writes()
    adapter = run(trainer)
    (job,) = trainer.jobs
    assert (job.base, job.base_name, job.seed, len(job.examples)) == (tmp_path / "base", "tiny", 7, 3)
    assert adapter.files == {name: bytes_id(data) for name, data in FILES.items()}
    assert adapter.digest == tree_id(adapter.files)
    assert (adapter.base, adapter.dataset) == (BASE.id, DATASET.id)
    training = adapter.training
    assert training is not None
    assert (training.seed, training.recipe, training.environment) == (7, component("recipe", rank=8), HERE)
    assert (training.losses, training.steps, training.tokens, training.notes) == (OUTCOME.losses, 1, 30, OUTCOME.notes)


def test_the_files_lie_under_their_digest_and_nothing_else_stays(tmp_path: Path, run: Callable[[Any], Adapter]) -> None:
    adapter = run(Writes())
    place = kept(tmp_path, adapter)
    assert {p.relative_to(place).as_posix(): p.read_bytes() for p in place.rglob("*") if p.is_file()} == FILES
    assert not (tmp_path / "state" / "work" / "adapter").exists()
    assert run(Writes()) == adapter
    assert is_whole(place, adapter)


@pytest.mark.parametrize("damage", ["missing", "changed", "gone"])
def test_an_adapter_whose_files_changed_is_not_whole(
    tmp_path: Path, run: Callable[[Any], Adapter], damage: str
) -> None:
    adapter = run(Writes())
    place = kept(tmp_path, adapter)
    if damage == "changed":
        (place / WEIGHTS).write_bytes(b"Weights")
    else:
        (place / WEIGHTS).unlink()
    if damage == "gone":
        for path in sorted(place.rglob("*"), reverse=True):
            path.rmdir() if path.is_dir() else path.unlink()
    assert not is_whole(place, adapter)
    assert is_whole(place, run(Writes()))  # training again mends it


def test_a_failed_training_leaves_its_checkpoints_and_no_adapter(tmp_path: Path, run: Callable[[Any], Adapter]) -> None:
    with pytest.raises(TrainingError, match="not finite at step 2"):
        run(Writes(fails=True))
    assert not (tmp_path / "state" / "adapters").exists()
    resumed = Writes()
    run(resumed)
    assert resumed.resumed


@pytest.mark.parametrize(
    ("files", "said"),
    [
        ({}, "no .safetensors file in "),
        ({CONFIG: b"{}"}, "no .safetensors file in "),
        (
            FILES | {"optimizer.pt": b""},
            "optimizer.pt in .*: an adapter holds safetensors and JSON files only",
        ),
        (FILES | {"code/model.py": b""}, "model.py in .*: an adapter holds"),
        (FILES | {"adapter_model.bin": b""}, "adapter_model.bin in .*: an adapter holds"),
    ],
)
def test_only_safe_files_make_an_adapter(
    tmp_path: Path, run: Callable[[Any], Adapter], files: dict[str, bytes], said: str
) -> None:
    with pytest.raises(TrainingError, match=said):
        run(Writes(files))
    assert not (tmp_path / "state" / "adapters").exists()


def test_what_an_earlier_attempt_left_in_the_output_is_not_taken_over(
    tmp_path: Path, run: Callable[[Any], Adapter]
) -> None:
    with pytest.raises(TrainingError):
        run(Writes(FILES | {"stale.json": b"{}"}, fails=True))
    assert set(run(Writes()).files) == set(FILES)


class Tells(Writes):
    """A trainer that writes an adapter, and then does what it is told."""

    def __init__(self, tell: Callable[[], Any]) -> None:
        super().__init__()
        self.tell = tell

    def train(self, job: TrainingJob) -> Any:
        super().train(job)
        return self.tell()


def exits() -> TrainingOutcome:
    raise SystemExit(0)


@pytest.mark.parametrize(
    ("tell", "said"),
    [
        (exits, r"toys/recipe raised SystemExit: 0 \(test_train.py, line \d+\); no adapter is recorded"),
        (lambda: None, "toys/recipe returned a NoneType, not a TrainingOutcome"),
        (
            lambda: TrainingOutcome(losses=OUTCOME.losses, steps=1.5, tokens=3),  # type: ignore[arg-type]
            "toys/recipe returned an outcome that cannot be recorded: steps: ",
        ),
        (
            lambda: TrainingOutcome(losses=OUTCOME.losses, steps=1, tokens=3, notes=("\ud800",)),
            "toys/recipe returned an outcome that cannot be recorded: ",
        ),
    ],
)
def test_what_a_trainer_does_wrong_is_one_line(
    tell: Callable[[], Any], said: str, run: Callable[[Any], Adapter], tmp_path: Path
) -> None:
    with pytest.raises(PluginError, match=f"^{said}"):
        run(Tells(tell))
    assert not (tmp_path / "state" / "adapters").exists()


def test_where_a_tracker_has_the_run_goes_on_record_without_a_password(run: Callable[[Any], Adapter]) -> None:
    address = "https://ann:secret@host:5000/mlflow, run 7"
    tracked = dataclasses.replace(OUTCOME, tracked={"mlflow": address, "wandb": "https://host/@ann/runs/7"})
    trainer = Writes()
    monitored = type("Tracked", (), {"train": lambda self, job: trainer.train(job) and tracked})()
    training = run(monitored).training
    assert training is not None
    assert training.tracked == {"mlflow": "https://host:5000/mlflow, run 7", "wandb": "https://host/@ann/runs/7"}
    plain = run(trainer)
    assert "tracked" not in plain.content()["training"]
