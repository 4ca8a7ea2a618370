"""LoRA adapters that contradict themselves or change nothing are refused; each kind that peft makes is taken."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from qlora_gov.errors import ModelError
from qlora_gov.records.adapter import CONFIG, WEIGHTS
from qlora_gov.stages.weights import refuse_no_adapter
from tests.support.adapters import LAYER, write_adapter

A, B = (f"{LAYER}.lora_{part}.weight" for part in "AB")
OTHER = LAYER.replace("q_proj", "v_proj")
OTHER_A, OTHER_B = A.replace(LAYER, OTHER), B.replace(LAYER, OTHER)


def ones(*shape: int) -> np.ndarray:
    return np.ones(shape, np.float32)


def zeros(*shape: int) -> np.ndarray:
    return np.zeros(shape, np.float32)


def write(path: Path, weights: dict[str, np.ndarray], **config: Any) -> Path:
    """An adapter of these weights, beside A and B."""
    save_file({A: ones(2, 8), B: ones(8, 2)} | weights, write_adapter(path, "a", **config) / WEIGHTS)
    return path


def refusal(path: Path) -> str:
    with pytest.raises(ModelError) as failure:
        refuse_no_adapter(path)
    assert len(failure.value.lines) == 1
    assert "\n" not in str(failure.value)
    return str(failure.value)


@pytest.mark.parametrize(
    "weights",
    [
        {A: zeros(2, 8)},
        {B: zeros(8, 2)},
        {B: -zeros(8, 2)},
        {A: zeros(2, 8), B: zeros(8, 2)},
        {A: zeros(2, 8), OTHER_A: ones(2, 8), OTHER_B: zeros(8, 2)},
        {B: zeros(8, 2), f"{LAYER}.lora_B.bias": zeros(8)},
    ],
)
def test_pairs_that_are_all_zero_are_refused(tmp_path: Path, weights: dict[str, np.ndarray]) -> None:
    said = refusal(write(tmp_path, weights))
    assert said.startswith(f"{tmp_path / WEIGHTS}: in every pair lora_A or lora_B is zero, so that none changes")


@pytest.mark.parametrize(
    "weights",
    [
        {A: zeros(2, 8), OTHER_A: ones(2, 8), OTHER_B: ones(8, 2)},
        {B: zeros(8, 2), f"{LAYER}.lora_B.bias": ones(8)},
    ],
)
def test_one_that_changes_its_layer_is_enough(tmp_path: Path, weights: dict[str, np.ndarray]) -> None:
    refuse_no_adapter(write(tmp_path, weights))


def test_weights_without_a_pair_are_refused(tmp_path: Path) -> None:
    save_file({"base_model.model.head.weight": ones(2, 2)}, write_adapter(tmp_path, "a") / WEIGHTS)
    assert "no lora_A and lora_B are in it, by which a LoRA adapter changes" in refusal(tmp_path)


def test_one_factor_of_an_embedding_is_refused(tmp_path: Path) -> None:
    name = f"{LAYER}.lora_embedding_B"
    assert f"{name} is there without {LAYER}.lora_embedding_A" in refusal(write(tmp_path, {name: ones(8, 2)}))


@pytest.mark.parametrize(
    "config",
    [
        {"lora_alpha": 0},
        {"lora_alpha": -0.0},
        {"lora_alpha": 0, "alpha_pattern": {"k_proj": 4}},
        {"alpha_pattern": {".*": 0}},
        {"lora_alpha": 0, "target_modules": [], "target_parameters": ["experts.up"], "alpha_pattern": {"up": 0}},
    ],
)
def test_a_scale_of_zero_is_refused(tmp_path: Path, config: dict[str, Any]) -> None:
    said = refusal(write(tmp_path, {}, **config))
    assert said.startswith(f"{tmp_path / CONFIG}: every pair is scaled by 0 (lora_alpha, or alpha_pattern), so that")


@pytest.mark.parametrize(
    "config",
    [
        {"lora_alpha": -4},
        {"lora_alpha": 0.5},
        {"lora_alpha": 0, "alpha_pattern": {"q_proj": 4}},
        {"alpha_pattern": {"v_proj": 0}},
    ],
)
def test_another_scale_is_taken(tmp_path: Path, config: dict[str, Any]) -> None:
    refuse_no_adapter(write(tmp_path, {}, **config))


@pytest.mark.parametrize(
    ("weights", "config", "said"),
    [
        ({}, {"r": 4}, f"{A} is of shape 2x8; its first number should be 4, by adapter_config.json"),
        ({}, {"rank_pattern": {"q_proj": 4}}, f"{A} is of shape 2x8; its first number should be 4"),
        ({}, {"rank_pattern": {"^model.layers.0.*": 4}}, f"{A} is of shape 2x8; its first number should be 4"),
        ({}, {"r": 4, "rank_pattern": {"proj": 2}}, f"{A} is of shape 2x8; its first number should be 4"),
        ({B: ones(8, 3)}, {}, f"{B} is of shape 8x3; its second number should be 2, by its lora_A"),
        ({B: ones(2, 8)}, {}, f"{B} is of shape 2x8; its second number should be 2, by its lora_A"),
        ({B: ones(8, 0)}, {}, f"{B} is of shape 8x0; its second number should be 2"),
        ({A: ones(16)}, {"r": 16}, f"{A} is of shape 16; its first number should be 16"),
        ({A: np.array(1, np.float32)}, {}, f"{A} is of shape one number; its first number should be 2"),
        ({B: ones(16)}, {}, f"{B} is of shape 16; its second number should be 2"),
        ({A: ones(4, 8, 3, 3), B: ones(8, 3, 1, 1)}, {"r": 4}, f"{B} is of shape 8x3x1x1; its second number should"),
        (
            {A: ones(6, 8), B: ones(8, 6)},
            {"r": 4, "rank_pattern": {"up": 5}, "target_parameters": ["experts.up"]},
            f"{A} is of shape 6x8; its first number should be 4 or 5 or a multiple, by adapter_config.json",
        ),
        (
            {f"{OTHER}.lora_embedding_A": ones(3, 9), f"{OTHER}.lora_embedding_B": ones(8, 3)},
            {},
            f"{OTHER}.lora_embedding_A is of shape 3x9; its first number should be 2",
        ),
    ],
)
def test_other_ranks_than_the_configured_are_refused(
    tmp_path: Path, weights: dict[str, np.ndarray], config: dict[str, Any], said: str
) -> None:
    assert refusal(write(tmp_path, weights, **config)).startswith(f"{tmp_path / WEIGHTS}: {said}")


@pytest.mark.parametrize(
    ("config", "said"),
    [
        ({"r": 0}, "r, the rank, should be a whole number from 1, not 0"),
        ({"r": True}, "r, the rank, should be a whole number from 1, not True"),
        (
            {"rank_pattern": {"q_proj": 1.5}},
            "rank_pattern['q_proj'], the rank, should be a whole number from 1, not 1.5",
        ),
        ({"rank_pattern": ["q_proj"]}, "rank_pattern should give a number for each pattern of layers, not ['q_proj']"),
        ({"rank_pattern": {"q(": 2}}, "rank_pattern: 'q(' is no regular expression: "),
        ({"alpha_pattern": {"(?i)q": 2}}, "alpha_pattern: '(?i)q' is no regular expression: "),
        ({"alpha_pattern": {"q{9999999999}": 2}}, "alpha_pattern: 'q{9999999999}' is no regular expression: "),
        ({"alpha_pattern": {"q_proj": "8"}}, "alpha_pattern['q_proj'] should be a number, not '8'"),
        ({"lora_alpha": None}, "lora_alpha should be a number, not None"),
        ({"lora_alpha": 10**400}, "lora_alpha should be a number, not 1000"),
        ({"target_modules": []}, "target_modules should name the layers that it adapts, not []"),
        ({"target_modules": ""}, "target_modules should name the layers that it adapts, not ''"),
        ({"target_modules": [""]}, "target_modules should name the layers that it adapts, not ['']"),
        ({"target_modules": 3}, "target_modules should name the layers that it adapts, not 3"),
        (
            {"target_modules": [], "target_parameters": []},
            "target_modules should name the layers that it adapts, not []",
        ),
        ({"target_modules": "", "target_parameters": ["up"]}, "target_modules should name the layers that it adapts"),
    ],
)
def test_settings_that_no_update_can_be_of_are_refused(tmp_path: Path, config: dict[str, Any], said: str) -> None:
    assert refusal(write(tmp_path, {}, **config)).startswith(f"{tmp_path / CONFIG}: {said}")


@pytest.mark.parametrize("targets", [None, "all-linear", r".*\.q_proj", ["q_proj"]])
def test_each_way_to_name_layers_is_taken(tmp_path: Path, targets: Any) -> None:
    refuse_no_adapter(write(tmp_path, {}, target_modules=targets, rank_pattern=None, alpha_pattern=None))


def make_layers() -> Any:
    """A layer of each kind that peft adapts."""
    import torch
    from torch import nn

    class Experts(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.up = nn.Parameter(torch.randn(3, 8, 6))
            self.down = nn.Parameter(torch.randn(3, 6, 8))

    return nn.ModuleDict(
        {
            "embed": nn.Embedding(10, 8),
            "linear": nn.Linear(8, 8),
            "conv": nn.Conv2d(4, 8, 3),
            "grouped": nn.Conv1d(4, 8, 3, groups=2),
            "attention": nn.MultiheadAttention(8, 2),
            "experts": Experts(),
            "head": nn.Linear(8, 4),
        }
    )


def save(path: Path, **settings: Any) -> Path:
    """Save an adapter to these layers as peft does."""
    from peft import LoraConfig, get_peft_model

    given: dict[str, Any] = {"r": 2, "target_modules": ["linear"]}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # peft has something to say of most of these
        get_peft_model(make_layers(), LoraConfig(**(given | settings))).save_pretrained(path)
    return path


KINDS: list[dict[str, Any]] = [
    {},
    {"use_rslora": True},
    {"use_dora": True},
    {"lora_bias": True},
    {"bias": "all"},
    {"modules_to_save": ["head"]},
    {"trainable_token_indices": {"embed": [1, 2]}},
    {"target_modules": ["embed"]},
    {"target_modules": ["conv"]},
    {"target_modules": ["conv"], "use_dora": True},
    {"target_modules": ["grouped"]},
    {"target_modules": ["attention"], "rank_pattern": {"attention": 4}},
    {"target_modules": "lin.*|head", "rank_pattern": {"^linear": 4}, "alpha_pattern": {"linear": 1}},
    {
        "target_modules": [],
        "target_parameters": ["experts.up", "experts.down"],
        "rank_pattern": {"experts.up": 4},
    },
    {"target_modules": ["linear"], "target_parameters": ["experts.up"]},
]


@pytest.mark.parametrize("settings", KINDS, ids=str)
def test_what_peft_saves_is_taken_once_it_is_trained(tmp_path: Path, settings: dict[str, Any]) -> None:
    refuse_no_adapter(save(tmp_path / "trained", init_lora_weights=False, **settings))
    assert "in every pair lora_A or lora_B is zero" in refusal(save(tmp_path / "untrained", **settings))


def test_a_block_diagonal_factor_is_taken(tmp_path: Path) -> None:
    from peft.tuners.lora.config import BdLoraConfig

    blocks = BdLoraConfig(target_modules_bd_a=["linear"], target_modules_bd_b=["head"], nblocks=2)
    save(tmp_path, target_modules=["linear", "head"], use_bdlora=blocks, init_lora_weights=False)
    assert load_file(tmp_path / WEIGHTS)["base_model.model.head.lora_B.weight"].shape == (4, 1)
    refuse_no_adapter(tmp_path)


def test_weights_that_begin_with_a_zero_lora_a_are_refused_until_they_are_trained(tmp_path: Path) -> None:
    save(tmp_path, init_lora_weights="mica")
    weights = load_file(tmp_path / WEIGHTS)
    assert [name for name in weights if not weights[name].any()] == ["base_model.model.linear.lora_A.weight"]
    assert "in every pair lora_A or lora_B is zero" in refusal(tmp_path)
