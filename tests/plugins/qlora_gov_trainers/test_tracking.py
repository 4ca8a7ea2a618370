"""A training reports to a tracker what it computes, and computes the same without one."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from qlora_gov import PluginError, TrainingError, TrainingJob, TrainingOutcome
from qlora_gov.canonical import file_id
from qlora_gov_trainers.settings import Nf4QloraSettings
from qlora_gov_trainers.trainer import Nf4QloraTrainer
from tests.plugins.qlora_gov_trainers.test_losses import job_of
from tests.support.trackers import mlflow_store


@pytest.fixture
def store(mlflow_database: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    with mlflow_store(mlflow_database, tmp_path, monkeypatch) as uri:
        yield uri


def trainer_of(**settings: Any) -> Nf4QloraTrainer:
    return Nf4QloraTrainer(Nf4QloraSettings.model_validate({"preset": "demo", "rank": 2, **settings}))


def train(base: Path, directory: Path, **settings: Any) -> tuple[TrainingJob, TrainingOutcome]:
    job = job_of(base, directory, 12)
    return job, trainer_of(**settings).train(job)


def test_curve_and_parameters_are_in_the_store_and_nothing_else_differs(
    tiny_base: Path, tmp_path: Path, store: str
) -> None:
    from mlflow import MlflowClient

    plain_job, plain = train(tiny_base, tmp_path / "plain")
    job, outcome = train(tiny_base, tmp_path / "tracked", trackers=["mlflow"])

    assert (outcome.losses, outcome.notes, plain.tracked) == (plain.losses, plain.notes, {})
    weights = [file_id(one.output / "adapter_model.safetensors") for one in (plain_job, job)]
    assert weights[0] == weights[1]

    place, _, run_id = outcome.tracked["mlflow"].partition(", run ")
    assert place == store
    client = MlflowClient(store)
    run = client.get_run(run_id)
    assert run.info.status == "FINISHED"
    curve = [(one.step, one.value) for one in client.get_metric_history(run_id, "loss")]
    assert curve == [(point.step, pytest.approx(point.loss)) for point in outcome.losses]
    wanted = {"learning_rate": "0.002", "recipe.rank": "2", "recipe.alpha": "4", "recipe.preset": "demo"}
    assert wanted.items() <= run.data.params.items()


def test_the_run_of_a_training_that_failed_has_ended(
    tiny_base: Path, tmp_path: Path, store: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from mlflow import MlflowClient

    def stops(*args: Any, **others: Any) -> None:
        raise TrainingError("stopped")

    monkeypatch.setattr("qlora_gov_trainers.watch.Watch.on_log", stops)
    with pytest.raises(TrainingError, match="stopped"):
        train(tiny_base, tmp_path / "stopped", trackers=["mlflow"])
    (run,) = MlflowClient(store).search_runs(["0"])
    assert run.info.status == "FAILED"


def test_a_tracker_that_is_not_installed_is_refused_with_what_installs_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    for name, package in {"mlflow": '"qlora-gov[mlflow]"', "wandb": "wandb"}.items():
        settings = Nf4QloraSettings.model_validate({"trackers": [name]})
        with pytest.raises(PluginError) as refused:
            settings.require()
        assert str(refused.value) == f"training.trackers: {name} is not installed; run: pip install {package}"
    Nf4QloraSettings.model_validate({}).require()


def test_who_watches_is_no_part_of_the_recipe() -> None:
    assert "trackers" not in trainer_of(trackers=["mlflow"]).settings.model_dump()
