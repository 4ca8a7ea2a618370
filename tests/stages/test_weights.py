"""Directories that are no adapter, or one that was never trained, are refused before anything is recorded."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file

from qlora_gov.errors import ModelError
from qlora_gov.records.adapter import CONFIG, WEIGHTS
from qlora_gov.stages.weights import refuse_no_adapter
from tests.support.adapters import LAYER, write_adapter

A, B = (f"{LAYER}.lora_{part}.weight" for part in "AB")


def tensors(path: Path, **values: np.ndarray) -> None:
    """Write weights of these values, A and B whole where they are not given."""
    found = {A: np.ones((2, 8), np.float32), B: np.ones((8, 2), np.float32)} | values
    save_file({name: value for name, value in found.items() if value.size}, path / WEIGHTS)


def test_an_adapter_is_taken(tmp_path: Path) -> None:
    refuse_no_adapter(write_adapter(tmp_path, "a"))
    refuse_no_adapter(write_adapter(tmp_path / "none", "a", peft_type="IA3", r=None))


def whole_model(path: Path) -> None:
    (path / CONFIG).rename(path / "config.json")


def below(path: Path) -> None:
    (path / "adapter").mkdir()
    (path / CONFIG).rename(path / "adapter" / CONFIG)


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda path: (path / CONFIG).unlink(), "no adapter_config.json in DIR; give the directory that peft"),
        (whole_model, "no adapter_config.json in DIR; it looks like a whole model, and merged weights are no adapter"),
        (below, "no adapter_config.json in DIR; did you mean DIR/adapter?"),
        (lambda path: (path / CONFIG).write_text("{not json"), "DIR/adapter_config.json: not valid JSON, or cut"),
        (lambda path: (path / CONFIG).write_text("[" * 99_999), "DIR/adapter_config.json: not usable JSON: "),
        (lambda path: (path / CONFIG).write_bytes(b"\xff"), "DIR/adapter_config.json: not UTF-8: byte 1"),
        (
            lambda path: (path / CONFIG).write_text('{"peft_type": "IA3", "peft_type": "LORA"}'),
            "DIR/adapter_config.json: not usable JSON: the key 'peft_type' stands twice in one object, with two values",
        ),
        (lambda path: (path / CONFIG).write_text("{}"), "DIR/adapter_config.json: no 'peft_type'"),
        (lambda path: (path / CONFIG).write_text("[]"), "DIR/adapter_config.json: no 'peft_type'"),
        (
            lambda path: write_adapter(path, "a", peft_type="BANANA"),
            "DIR/adapter_config.json: peft_type 'BANANA' is none of peft's; known: ADALORA, ADAMSS, ",
        ),
        (lambda path: write_adapter(path, "a", peft_type="lora"), "'lora' is none of peft's; did you mean 'LORA'?"),
        (
            lambda path: write_adapter(path, "a", lora_alpha=math.nan),
            "not valid JSON: NaN and infinities are no numbers",
        ),
        (lambda path: write_adapter(path, "a", lora_dropout=-math.inf), "not valid JSON: NaN and infinities are no"),
        (lambda path: (path / WEIGHTS).unlink(), "no adapter_model.safetensors in DIR"),
        (lambda path: (path / WEIGHTS).write_bytes(b"weights"), "safetensors: not a whole safetensors file: "),
        (lambda path: (path / WEIGHTS).write_bytes((path / WEIGHTS).read_bytes()[:-1]), "not a whole safetensors file"),
        (lambda path: tensors(path, **{A: np.full((2, 8), np.nan, np.float16)}), f"{A} has values that are not finite"),
        (lambda path: tensors(path, **{A: np.full((2, 8), -np.inf)}), f"{A} has values that are not finite"),
        (lambda path: tensors(path, **{A: np.ones((2, 8), np.int8)}), f"{A} is of type I8; known: F64, F32, F16, BF16"),
    ],
)
def test_what_is_no_adapter_is_refused_in_a_line(tmp_path: Path, spoil: Callable[[Path], object], said: str) -> None:
    spoil(write_adapter(tmp_path, "a"))
    with pytest.raises(ModelError) as failure:
        refuse_no_adapter(tmp_path)
    assert said.replace("DIR", str(tmp_path)) in str(failure.value)
    assert "\n" not in str(failure.value)


def test_bfloat16_is_read(tmp_path: Path) -> None:
    import torch
    from safetensors.torch import save_file as save_torch

    for value, said in ((1.0, None), (-0.0, "lora_A or lora_B is zero"), (math.nan, "not finite")):
        values = {A: torch.ones(2, 8, dtype=torch.bfloat16), B: torch.full((8, 2), value, dtype=torch.bfloat16)}
        save_torch(values, write_adapter(tmp_path, "a") / WEIGHTS)
        if said is None:
            refuse_no_adapter(tmp_path)
        else:
            with pytest.raises(ModelError, match=said):
                refuse_no_adapter(tmp_path)


def test_other_kinds_of_adapters_need_no_pairs(tmp_path: Path) -> None:
    """They cannot be told from untrained ones here, but they are adapters: logs of them are taken."""
    from peft import PeftType

    for kind in [*PeftType, "BONE"]:
        if kind != PeftType.LORA:
            write_adapter(tmp_path, "a", peft_type=kind, r=None, target_modules=[])
            save_file({f"{LAYER}.other": np.zeros(4, np.float32)}, tmp_path / WEIGHTS)
            refuse_no_adapter(tmp_path)
