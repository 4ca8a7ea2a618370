"""Early stopping: when it stops, which adapter it gives, and that looking changes nothing of the training."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from bitsandbytes.nn import Linear4bit
from safetensors.torch import load_file

from qlora_gov import TrainingError, TrainingJob, TrainingOutcome
from qlora_gov.models.chat import tokenise
from qlora_gov.models.loading import load_tokenizer
from qlora_gov.models.subject import Subject
from qlora_gov_trainers.draws import set_apart, split
from qlora_gov_trainers.settings import Nf4QloraSettings
from qlora_gov_trainers.step.trainer import StepTrainer
from qlora_gov_trainers.trainer import Nf4QloraTrainer
from tests.plugins.qlora_gov_trainers.test_losses import job_of
from tests.stages.toys import Quiet

STOPPING = {"share": 0.2, "every": 2, "patience": 2}
RECIPE = {"preset": "demo", "rank": 4, "micro_batch": 2, "epochs": 4, "checkpoint_steps": 3}


def recipe(**settings: Any) -> Nf4QloraTrainer:
    return Nf4QloraTrainer(Nf4QloraSettings.model_validate({**RECIPE, **settings}))


def train(
    base: Path, work: Path, progress: Quiet | None = None, **settings: Any
) -> tuple[TrainingJob, TrainingOutcome]:
    """Train in a directory, or go on there."""
    shutil.rmtree(work / "adapter", ignore_errors=True)
    job = replace(job_of(base, work, 20), progress=progress or Quiet())
    return job, recipe(**{"early_stopping": STOPPING, **settings}).train(job)


def weights(job: TrainingJob) -> bytes:
    return (job.output / "adapter_model.safetensors").read_bytes()


@pytest.fixture
def curve(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Let the validation losses be those of a list, whatever the model says."""

    def of(losses: Sequence[float]) -> None:
        given = iter(losses)

        def evaluate(self: StepTrainer, *_: Any, **__: Any) -> None:
            metrics = {"eval_loss": next(given)}
            self.log(metrics)
            self.callback_handler.on_evaluate(self.args, self.state, self.control, metrics)

        monkeypatch.setattr(StepTrainer, "evaluate", evaluate)

    return of


def test_rows_that_are_set_apart_are_looked_at_and_not_trained_on(tiny_base: Path, tmp_path: Path) -> None:
    job, outcome = train(tiny_base, tmp_path / "a", dtype="float32", early_stopping={**STOPPING, "patience": 99})
    taken, apart = split(job.examples, set_apart(job.examples, 0.2, job.seed))
    assert [point.step for point in outcome.validation_losses] == [*range(2, 33, 2)]
    alone = replace(job_of(tiny_base, tmp_path / "b", 20), examples=taken)
    plain = recipe(dtype="float32").train(alone)
    assert outcome.losses == plain.losses, "looking draws nothing at random and leaves the weights alone"
    assert (outcome.tokens, outcome.steps) == (plain.tokens, 32)
    rated = Subject.load(tiny_base, job.output).loglikelihood([row.messages for row in apart])
    loss = sum(one.nll for one in rated) / sum(one.tokens for one in rated)
    lowest = min(outcome.validation_losses, key=lambda point: point.loss)
    assert loss == pytest.approx(lowest.loss, rel=1e-6)
    (told,) = [note for note in outcome.notes if note.startswith("validation loss of 4 rows")]
    assert told.endswith(f" at step {lowest.step}, whose adapter this is; 32 of 32 steps were taken")


@pytest.mark.parametrize("patience", [1, 2])
def test_it_stops_once_its_patience_ends_and_gives_the_best_adapter(
    patience: int, tiny_base: Path, tmp_path: Path, curve: Any
) -> None:
    curve([3.0, 2.0, 2.0, 2.5, 1.0])
    job, outcome = train(
        tiny_base, tmp_path / "a", early_stopping={**STOPPING, "patience": patience}, checkpoint_steps=4
    )
    assert [point.loss for point in outcome.validation_losses] == [3.0, 2.0, 2.0, 2.5][: 2 + patience]
    assert outcome.steps == len(outcome.losses) == 2 * (2 + patience)
    best, given = (
        load_file(directory / "adapter_model.safetensors")
        for directory in (job.checkpoints / "checkpoint-4", job.output)
    )
    assert given.keys() == best.keys()
    assert all(torch.equal(given[name], best[name].bfloat16()) for name in best)
    (told,) = [note for note in outcome.notes if note.startswith("validation loss")]
    assert "3 at step 2, 2 at step 4, whose adapter this is; " in told


class KilledError(Exception):
    pass


def killed(*_: Any) -> None:
    raise KilledError


class Killing(Quiet):
    """Progress that ends the run at a step."""

    def __init__(self, at: int | None) -> None:
        super().__init__()
        self.at = at

    def advance(self, units: int = 1, note: str = "") -> None:
        super().advance(units, note)
        if note and self.done == self.at:
            killed()


@pytest.mark.skipif(torch.cuda.is_available(), reason="the same bytes are promised on a CPU")
@pytest.mark.parametrize("at", [5, 8, None])
def test_a_killed_run_stops_where_the_whole_one_does(
    at: int | None, tiny_base: Path, tmp_path: Path, curve: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Killed before and after a checkpoint that knows the best look, and when its last step was taken."""
    losses = {2: 3.0, 4: 2.0, 6: 2.5, 8: 2.2, 10: 2.1, 12: 2.4, 14: 1.0}
    stopping = {**STOPPING, "patience": 4}
    curve(losses.values())
    whole, outcome = train(tiny_base, tmp_path / "whole", early_stopping=stopping)
    assert outcome.steps == 12
    curve(losses.values())
    with monkeypatch.context() as patched:
        if at is None:
            patched.setattr("qlora_gov_trainers.trainer.check_finite", killed)
        with pytest.raises(KilledError):
            train(tiny_base, tmp_path / "cut", early_stopping=stopping, progress=Killing(at))
    newest = max(int(path.name[11:]) for path in (tmp_path / "cut" / "checkpoints").glob("checkpoint-*"))
    assert newest < 12, "from there, another step would be taken"
    curve([loss for step, loss in losses.items() if step > newest])
    again, resumed = train(tiny_base, tmp_path / "cut", early_stopping=stopping)
    assert resumed == outcome
    assert weights(again) == weights(whole)


def test_a_loss_that_is_no_number_stops_the_training(tiny_base: Path, tmp_path: Path, curve: Any) -> None:
    curve([float("inf")])
    with pytest.raises(TrainingError, match=r"^the validation loss became inf at step 2; no adapter is recorded"):
        train(tiny_base, tmp_path / "a")


def test_a_look_in_between_leaves_gradients_as_they_are(tiny_base: Path, tmp_path: Path) -> None:
    """With dropout, which is off in the look and on again behind it; the 4-bit layers never leave training."""
    found, losses, modes = [], [], set()
    trainer, tokenizer = recipe(dropout=0.5, early_stopping=STOPPING), load_tokenizer(tiny_base)
    for look in (False, True):
        torch.manual_seed(5)
        model, job = trainer.prepare(tiny_base), job_of(tiny_base, tmp_path / str(look), 20)
        for name, parameter in model.named_parameters():
            if "lora_B" in name:
                parameter.data.normal_(std=0.1)
        rows = [tokenise(tokenizer, one.messages) for one in job.examples]
        stepping = trainer.stepping(model, rows, job, [], frozenset(range(4)))
        for layer in model.modules():
            if isinstance(layer, Linear4bit):
                layer.register_forward_hook(lambda layer, *_: modes.add(layer.training))
        inputs = stepping._share(rows[4:8])
        torch.manual_seed(6)
        if look:
            losses = [stepping.evaluate()["eval_loss"] for _ in range(2)]
        stepping.training_step(model, inputs)
        found.append({name: one.grad for name, one in model.named_parameters() if one.grad is not None})
        assert all(module.training for module in model.modules())
    assert losses[0] == losses[1]
    assert modes <= {True}
    assert found[0].keys() == found[1].keys()
    for name, gradient in found[0].items():
        assert torch.equal(gradient, found[1][name]), name
