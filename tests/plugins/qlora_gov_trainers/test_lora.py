"""Which layers get an adapter, of what kind, and that one on disk is the one that was trained."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file

from qlora_gov import ModelError, TrainingJob, TrainingOutcome
from qlora_gov.models.chat import tokenise
from qlora_gov.models.loading import load_tokenizer
from qlora_gov.models.subject import Subject
from qlora_gov_trainers.lora import lora_config
from qlora_gov_trainers.settings import Nf4QloraSettings
from qlora_gov_trainers.step.packs import packed
from qlora_gov_trainers.trainer import Nf4QloraTrainer
from tests.plugins.qlora_gov_trainers.test_losses import job_of
from tests.plugins.qlora_gov_trainers.test_step import base_of
from tests.plugins.qlora_gov_trainers.test_validation import KilledError, Killing
from tests.stages.toys import Quiet
from tests.support.tiny import make_tiny_base

QKVO = {"q_proj", "k_proj", "v_proj", "o_proj"}
GATED = {"gate_proj", "up_proj", "down_proj"}
LAYERS = {
    "llama": (QKVO, GATED),
    "llama, tied": (QKVO, GATED),
    "mistral": (QKVO, GATED),
    "qwen2": (QKVO, GATED),
    "qwen3": (QKVO, GATED),
    "gemma2": (QKVO, GATED),
    "gemma3_text": (QKVO, GATED),
    "phi3": ({"qkv_proj", "o_proj"}, {"gate_up_proj", "down_proj"}),
    "opt": ({"q_proj", "k_proj", "v_proj", "out_proj"}, {"fc1", "fc2"}),
    "gpt_neox": ({"query_key_value", "dense"}, {"dense_h_to_4h", "dense_4h_to_h"}),
    "falcon": ({"query_key_value", "dense"}, {"dense_h_to_4h", "dense_4h_to_h"}),
}
"""The layers of each family's attention, and all others but the head."""


def recipe(**settings: Any) -> Nf4QloraSettings:
    return Nf4QloraSettings.model_validate({"preset": "demo", "rank": 4, **settings})


@pytest.mark.parametrize("family", LAYERS)
def test_targets_stand_for_all_layers_of_the_attention_or_of_the_decoder(family: str) -> None:
    base, (attention, others) = base_of(family), LAYERS[family]
    for targets, expected in (("attention", attention), ("all-linear", attention | others)):
        assert set(lora_config(base, recipe(targets=targets), 0.0).target_modules) == expected


def test_layers_of_one_name_inside_and_outside_the_attention_are_told_apart(tmp_path: Path) -> None:
    """GPT-2 has a c_proj in both."""
    model = Nf4QloraTrainer(recipe(targets="attention")).prepare(make_tiny_base(tmp_path / "b", shape="gpt2"))
    adapted = [name for name, one in model.named_modules() if hasattr(one, "lora_A")]
    assert [name.split(".h.0.")[1] for name in adapted[:2]] == ["attn.c_attn", "attn.c_proj"]
    assert len(adapted) == 2 * model.config.n_layer


def test_a_base_without_attention_says_so() -> None:
    base = base_of("llama")
    for layer in base.model.layers:
        layer.mixer = layer.self_attn.q_proj
        del layer.self_attn
    with pytest.raises(ModelError, match=r"training.targets: the base has no layers that are known to be attention"):
        lora_config(base, recipe(targets="attention"), 0.0)


KINDS = {
    "attention": {"targets": "attention"},
    "all-linear": {"targets": "all-linear"},
    "rslora": {"rslora": True},
    "dora": {"dora": True},
    "lora+": {"lora_plus_ratio": 16.0},
    "all of them": {"targets": "all-linear", "rslora": True, "dora": True, "lora_plus_ratio": 4.0},
}


def trained(
    base: Path, work: Path, progress: Quiet | None = None, **settings: Any
) -> tuple[TrainingJob, TrainingOutcome, Any]:
    """A job that was done, what was told of it, and the model as it was trained."""
    job = replace(job_of(base, work, 12), progress=progress or Quiet())
    trainer = Nf4QloraTrainer(recipe(**settings))
    made: list[Any] = []
    prepare = trainer.prepare
    trainer.prepare = lambda base: made.append(prepare(base)) or made[0]  # type: ignore[method-assign]
    return job, trainer.train(job), made[0]


@pytest.mark.parametrize("kind", KINDS)
def test_an_adapter_gives_when_it_is_loaded_what_it_gave_in_training(
    kind: str, tiny_base: Path, tmp_path: Path
) -> None:
    job, _, model = trained(tiny_base, tmp_path, dtype="float32", dropout=0, learning_rate=0.02, **KINDS[kind])
    tokenizer = load_tokenizer(tiny_base)
    rows = [tokenise(tokenizer, one.messages, last_only=True) for one in job.examples[:4]]
    talks = [one.messages for one in job.examples[:4]]
    with torch.no_grad():
        losses = [model(**packed([row]))["loss"].item() for row in rows]
    loaded, base = (
        [one.nll for one in Subject.load(tiny_base, adapter).loglikelihood(talks)] for adapter in (job.output, None)
    )
    assert loaded == pytest.approx(losses, rel=1e-4)
    assert base != pytest.approx(losses, rel=1e-2)


@pytest.mark.skipif(torch.cuda.is_available(), reason="the same bytes are promised on a CPU")
def test_a_killed_run_goes_on_to_the_same_bytes(tiny_base: Path, tmp_path: Path) -> None:
    settings = {**KINDS["all of them"], "micro_batch": 2, "checkpoint_steps": 2}
    whole, outcome, _ = trained(tiny_base, tmp_path / "whole", **settings)
    with pytest.raises(KilledError):
        trained(tiny_base, tmp_path / "cut", progress=Killing(5), **settings)
    assert (tmp_path / "cut" / "checkpoints" / "checkpoint-4" / "whole").exists()
    shutil.rmtree(tmp_path / "cut" / "adapter")
    again, resumed, _ = trained(tiny_base, tmp_path / "cut", **settings)
    assert resumed == outcome
    first, second = ((job.output / "adapter_model.safetensors").read_bytes() for job in (whole, again))
    assert first == second


def test_magnitudes_are_not_rounded(tiny_base: Path, tmp_path: Path) -> None:
    """In bfloat16, neighbours are as far apart as a training moves a magnitude."""
    job, outcome, _ = trained(tiny_base, tmp_path, dora=True)
    weights = load_file(job.output / "adapter_model.safetensors")
    kinds = {name: weight.dtype for name, weight in weights.items()}
    assert {kind for name, kind in kinds.items() if "magnitude" in name} == {torch.float32}
    assert {kind for name, kind in kinds.items() if "magnitude" not in name} == {torch.bfloat16}
    assert "dora true (playbook: none)" in outcome.notes


def test_a_card_says_what_targets_stand_for(tiny_base: Path, tmp_path: Path) -> None:
    job, outcome, _ = trained(tiny_base, tmp_path, targets="all-linear")
    config = json.loads((job.output / "adapter_config.json").read_text())
    assert config["target_modules"] == sorted(QKVO | GATED)
    names = "down_proj,gate_proj,k_proj,o_proj,q_proj,up_proj,v_proj"
    assert f"targets all-linear: {names} (playbook: q_proj,k_proj,v_proj,o_proj)" in outcome.notes


def test_b_learns_as_many_times_as_fast_as_a(tiny_base: Path, tmp_path: Path) -> None:
    """AdamW's first step is its rate, whatever the gradient; that of A is seen once B is not zero any more."""
    rates = {}
    for ratio in (1, 16):
        job, _, _ = trained(tiny_base, tmp_path / str(ratio), max_steps=1, warmup_steps=0, lora_plus_ratio=ratio)
        weights = load_file(job.output / "adapter_model.safetensors")
        rates[ratio] = max(float(weight.abs().max()) for name, weight in weights.items() if "lora_B" in name)
    assert rates[1] == pytest.approx(2e-3, rel=1e-2)
    assert rates[16] == pytest.approx(16 * 2e-3, rel=1e-2)
