from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from qlora_gov.errors import ModelError
from qlora_gov.models.bases import resolve_base
from qlora_gov.models.loading import load_base
from tests.support.adapters import write_adapter

DOWN = "model.layers.1.mlp.down_proj.weight"


def copy_of(base: Path, path: Path, **config: Any) -> Path:
    """A copy of a base, with some keys of its config.json changed."""
    shutil.copytree(base, path)
    values = json.loads((path / "config.json").read_text())
    (path / "config.json").write_text(json.dumps(values | config))
    return path


def reweighted(base: Path, path: Path, edit: Callable[[dict[str, Any]], object]) -> Path:
    """A copy of a base with edited weights."""
    from safetensors.torch import load_file, save_file

    weights = load_file(copy_of(base, path) / "model.safetensors")
    edit(weights)
    save_file(weights, path / "model.safetensors", metadata={"format": "pt"})
    return path


@pytest.mark.parametrize("quantization", ["none", "nf4"])
@pytest.mark.parametrize(
    ("edit", "said"),
    [
        (lambda weights: weights.pop(DOWN), f"lacks {DOWN}$"),
        (lambda weights: weights.update({DOWN.replace("_proj", ""): weights.pop(DOWN)}), f"lacks {DOWN}$"),
        (lambda weights: weights.update({DOWN: weights[DOWN][:, :8].clone()}), f"has in another shape {DOWN}$"),
        (lambda weights: weights.update({DOWN.replace("1", "7"): weights[DOWN].clone()}), r"such as model\.layers\.7"),
    ],
)
def test_a_base_with_gaps_is_refused(
    tiny_base: Path, tmp_path: Path, quantization: Any, edit: Callable[[dict[str, Any]], object], said: str
) -> None:
    """transformers fills them with random numbers, others in each process, or leaves layers out."""
    broken = reweighted(tiny_base, tmp_path / "broken", edit)
    with pytest.raises(ModelError, match=f"is no whole model: it .*{said}"):
        load_base(broken, quantization=quantization)


def test_weights_of_another_part_are_passed_over(tiny_base: Path, tmp_path: Path) -> None:
    """As of an image encoder beside a language model."""
    from torch import ones

    whole = reweighted(tiny_base, tmp_path / "whole", lambda weights: weights.update({"vision.0.weight": ones(2)}))
    assert load_base(whole, quantization="none") is not None


def test_a_base_with_an_adapter_beside_it_is_refused(tiny_base: Path, tmp_path: Path) -> None:
    """transformers would load the weights that the adapter names, whatever lies beside it."""
    both = write_adapter(copy_of(tiny_base, tmp_path / "both"), "a", base_model_name_or_path=str(tiny_base))
    with pytest.raises(ModelError, match=r"holds an adapter beside its weights \(adapter_config\.json\)"):
        resolve_base("both", root=tmp_path)
    (both / "adapter_config.json").unlink()
    assert resolve_base("both", root=tmp_path).path == both


@pytest.mark.parametrize(
    ("stored", "held"),
    [
        ({"quant_method": "bitsandbytes", "load_in_4bit": True, "bnb_4bit_quant_type": "fp4"}, "fp4"),
        ({"load_in_4bit": True}, "fp4"),
        ({"quant_method": "bitsandbytes", "load_in_8bit": True}, "int8"),
        ({"quant_method": "gptq", "bits": 4}, "gptq"),
        ({"quant_method": "fp8"}, "fp8"),
    ],
)
@pytest.mark.parametrize("asked", ["nf4", "none"])
def test_weights_that_are_stored_otherwise_quantised_are_refused(
    tiny_base: Path, tmp_path: Path, stored: dict[str, Any], held: str, asked: Any
) -> None:
    """The way they are stored would prevail, and the record name another one."""
    base = copy_of(tiny_base, tmp_path / "stored", quantization_config=stored)
    with pytest.raises(ModelError, match=rf"are quantised already \({held}\), which cannot be had as {asked};"):
        load_base(base, quantization=asked)


def test_weights_that_are_stored_as_nf4_are_taken_as_that_alone(tiny_base: Path, tmp_path: Path) -> None:
    load_base(tiny_base, quantization="nf4").save_pretrained(copy_of(tiny_base, tmp_path / "nf4"))
    assert load_base(tmp_path / "nf4", quantization="nf4").is_loaded_in_4bit
    with pytest.raises(ModelError, match=r"or set base\.quantization: nf4$"):
        load_base(tmp_path / "nf4", quantization="none")
