"""Preference tuning on a tiny base: what it learns, that it goes on where it was killed, and what it refuses."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file

from qlora_gov import DataError, Example, ModelError, TrainingError, TrainingJob, TrainingOutcome
from qlora_gov.models.adapters import load_adapter
from qlora_gov.models.loading import load_base
from qlora_gov.plugin.specs import ReadingTrainer
from qlora_gov_trainers.dpo.settings import DpoSettings
from qlora_gov_trainers.dpo.trainer import DpoTrainer
from tests.stages.toys import Quiet, example
from tests.support.tiny import make_tiny_base

RECIPE = {
    "preset": "demo",
    "micro_batch": 2,
    "epochs": 2,
    "learning_rate": 5e-3,
    "warmup_steps": 2,
    "checkpoint_steps": 4,
}
PAIRS = [example(f"Ask {n}?", "Yes, of course.", rejected="No." * (1 + n % 3)) for n in range(12)]


class KilledError(Exception):
    pass


class Killing(Quiet):
    """Progress that ends the run in its seventh step."""

    def advance(self, units: int = 1, note: str = "") -> None:
        super().advance(units, note)
        if note and self.done == 7:
            raise KilledError


def trained(
    base: Path, work: Path, pairs: list[Example] = PAIRS, *, progress: Quiet | None = None, **changes: Any
) -> TrainingOutcome:
    output = work / "adapter"
    output.mkdir(parents=True, exist_ok=True)
    job = TrainingJob(base, "tiny", pairs, output, work / "checkpoints", 3, progress or Quiet())
    return DpoTrainer(DpoSettings.model_validate(RECIPE | changes)).train(job)


def written(work: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in (work / "adapter").iterdir()}


@pytest.fixture(scope="module")
def whole(tiny_base: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[TrainingOutcome, Path]:
    """An uninterrupted run, and where it worked."""
    work = tmp_path_factory.mktemp("whole")
    return trained(tiny_base, work), work


def test_the_loss_falls_and_the_chosen_answer_rises_above_the_rejected_one(whole: tuple[TrainingOutcome, Path]) -> None:
    outcome, work = whole
    losses = [point.loss for point in outcome.losses]
    assert losses[0] == pytest.approx(0.6931, abs=1e-4), "the adapter begins as the reference: the log of 2"
    assert losses[-1] < 0.6
    assert (outcome.steps, [point.step for point in outcome.losses]) == (12, list(range(1, 13)))
    (margin,) = (note for note in outcome.notes if note.startswith("reward margin"))
    assert float(margin.split()[-4]) > 0.1
    assert set(written(work)) == {"adapter_model.safetensors", "adapter_config.json"}
    config = json.loads(written(work)["adapter_config.json"])
    assert (config["base_model_name_or_path"], config["lora_dropout"]) == ("tiny", 0.0)


def test_a_card_says_how_it_was_trained(whole: tuple[TrainingOutcome, Path]) -> None:
    notes = whole[0].notes
    assert notes[0] == "preference tuning (DPO) with beta 0.1; the reference is the base without the adapter"
    assert {"dropout 0 (playbook: 0.05)", "epochs 2 (playbook: 3)"} < set(notes)


@pytest.mark.skipif(torch.cuda.is_available(), reason="the same bytes are promised on a CPU")
def test_the_same_pairs_give_the_same_bytes(
    tiny_base: Path, tmp_path: Path, whole: tuple[TrainingOutcome, Path]
) -> None:
    assert trained(tiny_base, tmp_path) == whole[0]
    assert written(tmp_path) == written(whole[1])


@pytest.mark.skipif(torch.cuda.is_available(), reason="the same bytes are promised on a CPU")
def test_a_killed_run_goes_on_to_the_same_bytes(
    tiny_base: Path, tmp_path: Path, whole: tuple[TrainingOutcome, Path]
) -> None:
    with pytest.raises(KilledError):
        trained(tiny_base, tmp_path, progress=Killing())
    assert (tmp_path / "checkpoints" / "checkpoint-4" / "whole").exists()
    (tmp_path / "checkpoints" / "checkpoint-8").mkdir()  # cut short
    progress = Quiet()
    assert trained(tiny_base, tmp_path, progress=progress) == whole[0]
    assert progress.done == 12
    assert written(tmp_path) == written(whole[1])


def test_the_reference_is_the_base_and_is_not_trained(tiny_base: Path, tmp_path: Path) -> None:
    """Where beta is vast, the least way from the reference is told in the loss, which begins at the log of 2."""
    near = trained(tiny_base, tmp_path / "near", beta=100.0, learning_rate=1e-5)
    assert all(point.loss < 1.5 for point in near.losses)


def test_nothing_is_told_to_anybody(tiny_base: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def told(*_: Any, **__: Any) -> None:
        raise AssertionError("telemetry")

    monkeypatch.delenv("CI", raising=False)
    monkeypatch.setattr("trl.trainer.base_trainer.send_telemetry", told)
    trained(tiny_base, tmp_path, PAIRS[:2], epochs=1, checkpoint_steps=1)
    assert not (tmp_path / "checkpoints" / "README.md").exists()


def test_another_family_learns_as_well(tmp_path: Path) -> None:
    base = make_tiny_base(tmp_path / "base", shape="opt")
    outcome = trained(base, tmp_path / "work", targets=["q_proj", "v_proj"])
    assert outcome.losses[-1].loss < outcome.losses[0].loss


def test_other_kinds_of_adapters_learn_as_well(tiny_base: Path, tmp_path: Path) -> None:
    changes = {"targets": "all-linear", "rslora": True, "dora": True, "max_steps": 5, "max_rows": 8}
    outcome = trained(tiny_base, tmp_path, **changes)
    assert outcome.steps == len(outcome.losses) == 5
    assert outcome.losses[0].loss == pytest.approx(0.6931, abs=1e-4)
    assert outcome.losses[-1].loss < outcome.losses[0].loss
    assert {"dora true (playbook: none)", "max_steps 5 (playbook: none)", "max_rows 8 (playbook: none)"} < {
        *outcome.notes
    }
    weights = load_file(tmp_path / "adapter" / "adapter_model.safetensors")
    assert sum("lora_magnitude_vector" in name for name in weights) == 2 * 7
    load_adapter(load_base(tiny_base), tmp_path / "adapter")
    again = trained(tiny_base, tmp_path / "shorter", **{**changes, "max_steps": None})
    assert (again.steps, outcome.tokens) == (8, round(again.tokens * 5 / 8)), "2 epochs of 4 steps of 2 pairs"


def test_activations_may_be_computed_again(tiny_base: Path, tmp_path: Path) -> None:
    plain = trained(tiny_base, tmp_path / "kept", PAIRS[:4], dtype="float32")
    again = trained(tiny_base, tmp_path / "again", PAIRS[:4], dtype="float32", gradient_checkpointing=True)
    losses = ([point.loss for point in outcome.losses] for outcome in (plain, again))
    assert next(losses) == pytest.approx(next(losses), rel=1e-4)


@pytest.mark.parametrize(
    ("pairs", "changes", "error", "said"),
    [
        (
            [PAIRS[0], example("Alone?"), example("Alone, too?")],
            {},
            DataError,
            r"^file:Alone\?: no rejected answer, and dpo learns from pairs \(and 1 more\); give rows with 'shape: pre",
        ),
        ([example("a", "b", rejected="c" * 90)], {"max_length": 64}, DataError, "^file:a: .* over training.max_length"),
        (PAIRS, {"targets": ["query"]}, ModelError, "training.targets: the base has no linear layer named 'query'"),
        (PAIRS, {"learning_rate": 1e30, "warmup_steps": 0}, TrainingError, "the loss became nan|not finite"),
    ],
)
def test_what_cannot_be_trained_on_is_told(
    tiny_base: Path, tmp_path: Path, pairs: list[Example], changes: dict[str, Any], error: type[Exception], said: str
) -> None:
    with pytest.raises(error, match=said):
        trained(tiny_base, tmp_path, pairs, **changes)


def test_answers_that_became_the_same_are_noted(tiny_base: Path, tmp_path: Path) -> None:
    outcome = trained(tiny_base, tmp_path, [*PAIRS[:3], example("a", "[PHONE]", rejected="[PHONE]")], epochs=1)
    assert outcome.notes[-1] == "pairs whose two answers are the same, and teach nothing: 1"


def test_it_says_what_it_reads_of_both_answers(tiny_base: Path) -> None:
    trainer = DpoTrainer(DpoSettings.model_validate(RECIPE))
    assert isinstance(trainer, ReadingTrainer)
    day = date(2026, 2, 3)
    assert trainer.reads(tiny_base, PAIRS, day) == {}
    spelled = PAIRS[0].model_copy(update={"rejected": "It is <|end|> in here."})
    assert trainer.reads(tiny_base, [spelled], day) == {"shielded": 1}
    with pytest.raises(DataError, match="no rejected answer"):
        trainer.reads(tiny_base, [example("a")], day)
