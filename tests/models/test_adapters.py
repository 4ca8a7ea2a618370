"""Adapters on a base: what peft saved answers as it did, and what would answer as the base is refused."""

from __future__ import annotations

import json
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from qlora_gov.errors import ModelError
from qlora_gov.models.adapters import load_adapter
from qlora_gov.models.loading import load_base
from qlora_gov.records.adapter import CONFIG, WEIGHTS
from qlora_gov.stages.weights import refuse_no_adapter

Weights = dict[str, Any]
A = "base_model.model.model.layers.0.self_attn.q_proj.lora_A.weight"
B = A.replace("lora_A", "lora_B")


def logits(model: Any) -> Any:
    import torch

    with torch.inference_mode():
        return model.eval()(input_ids=torch.arange(5, 25).reshape(1, -1)).logits


def save(base: Path, path: Path, **settings: Any) -> Any:
    """Save a LoRA adapter with weights that change every answer; returns what it answers."""
    import torch
    from peft import LoraConfig, get_peft_model

    torch.manual_seed(1)
    given = {"r": 2, "target_modules": ["q_proj", "v_proj"], "init_lora_weights": False, "task_type": "CAUSAL_LM"}
    adapted = get_peft_model(load_base(base, quantization="none"), LoraConfig(**(given | settings)))
    for name, parameter in adapted.named_parameters():
        if "modules_to_save" in name or "magnitude" in name or "trainable_tokens" in name:
            parameter.data += 0.5
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Setting `save_embedding_layers`")  # which is what is wanted
        adapted.save_pretrained(path)
    return logits(adapted)


@pytest.fixture(scope="module")
def saved(tiny_base: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("adapters") / "plain"
    save(tiny_base, path)
    return path


@pytest.fixture
def adapter(saved: Path, tmp_path: Path) -> Path:
    """A copy of an adapter, to spoil."""
    for name in (CONFIG, WEIGHTS):
        (tmp_path / name).write_bytes((saved / name).read_bytes())
    return tmp_path


def change(path: Path, edit: Callable[[Weights], object]) -> None:
    from safetensors.torch import load_file, save_file

    weights = load_file(path / WEIGHTS)
    edit(weights)
    save_file({name: value.detach().clone() for name, value in weights.items()}, path / WEIGHTS)


def configure(path: Path, **settings: Any) -> None:
    config = json.loads((path / CONFIG).read_text())
    (path / CONFIG).write_text(json.dumps(config | settings))


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"use_dora": True},
        {"use_rslora": True},
        {"bias": "all"},
        {"modules_to_save": ["lm_head"]},
        {"modules_to_save": ["embed_tokens", "lm_head"]},
        {"target_modules": ["q_proj", "embed_tokens"]},
        {"target_modules": ["q_proj", "lm_head"]},
        {"trainable_token_indices": {"embed_tokens": [5, 6]}},
        {"target_modules": "all-linear"},
        {"target_modules": r".*\.[qv]_proj"},
        {"rank_pattern": {r"layers\.0\..*": 4}, "alpha_pattern": {"^model.layers.1.self_attn.q_proj": 32}},
        {"lora_alpha": -8},
        {"target_modules": [], "target_parameters": ["mlp.down_proj.weight"]},
    ],
)
def test_what_peft_saved_answers_as_it_did(tiny_base: Path, tmp_path: Path, settings: dict[str, Any]) -> None:
    import torch

    said = save(tiny_base, tmp_path, **settings)
    refuse_no_adapter(tmp_path)
    base = load_base(tiny_base, quantization="none")
    assert not torch.allclose(logits(base), said, atol=1e-3)
    torch.testing.assert_close(logits(load_adapter(base, tmp_path)), said)


def test_embeddings_that_were_saved_besides_are_taken(tiny_base: Path, adapter: Path) -> None:
    import torch

    change(adapter, lambda w: w.update({"base_model.model.lm_head.weight": load_base(tiny_base).lm_head.weight + 1}))
    loaded = load_adapter(load_base(tiny_base, quantization="none"), adapter)
    torch.testing.assert_close(loaded.lm_head.weight, load_base(tiny_base).lm_head.weight + 1)


def test_a_setting_that_a_later_peft_added_and_that_is_off_is_no_matter(tiny_base: Path, adapter: Path) -> None:
    configure(adapter, of_tomorrow=None)
    load_adapter(load_base(tiny_base, quantization="none"), adapter)


def renamed(weights: Weights) -> None:
    weights["base_model.model.layers.0.self_attn.q_proj.lora_A.weight"] = weights.pop(A)


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda path: (path / CONFIG).unlink(), "there is no adapter_config.json in it"),
        (lambda path: (path / WEIGHTS).rename(path / "adapter_model.bin"), "there is no adapter_model.safetensors"),
        (lambda path: (path / CONFIG).write_text("{"), "does not fit the base: Expecting"),
        (lambda path: (path / CONFIG).write_text("{}"), "does not fit the base: 'peft_type'"),
        (lambda path: configure(path, peft_type="OF_TOMORROW"), "'OF_TOMORROW' is not a valid PeftType"),
        (lambda path: configure(path, of_tomorrow=8), "sets 'of_tomorrow', which the installed version of peft does"),
        (lambda path: configure(path, target_modules=["query"]), "does not fit the base: Target modules"),
        (lambda path: configure(path, r=4), "size mismatch"),
        (lambda path: (path / WEIGHTS).write_bytes((path / WEIGHTS).read_bytes()[:-9]), "does not fit the base: "),
        (lambda path: change(path, renamed), f"it has no {A}"),
        (lambda path: change(path, lambda w: w.pop(B)), f"it has no {B}"),
        (lambda path: change(path, lambda w: w.clear()), "and 7 more"),
        (lambda path: change(path, lambda w: w.update({B: w[B][:-1]})), "size mismatch"),
        (lambda path: change(path, lambda w: w[B][0].fill_(float("nan"))), f"not finite is its {B}"),
        (lambda path: change(path, lambda w: w[A][0].fill_(float("-inf"))), f"not finite is its {A}"),
        (
            lambda path: change(path, lambda w: w.update({B.replace("q_proj", "o_proj"): w[B]})),
            "it has, and the base takes no, base_model.model.model.layers.0.self_attn.o_proj.lora_B.weight",
        ),
        (
            lambda path: change(path, lambda w: w.update({"base_model.model.model.norm.weight": w[A][0]})),
            "it has, and the base takes no, base_model.model.model.norm.weight",
        ),
    ],
)
def test_what_would_not_answer_as_it_was_trained_is_refused(
    tiny_base: Path, adapter: Path, spoil: Callable[[Path], object], said: str
) -> None:
    spoil(adapter)
    with pytest.raises(ModelError) as failure:
        load_adapter(load_base(tiny_base, quantization="none"), adapter)
    assert str(failure.value).startswith(f"adapter: {adapter} does not fit the base: ")
    assert said in str(failure.value)
    assert "\n" not in str(failure.value)
