"""Products of bfloat16 on a processor without instructions for it: the same numbers, by another way."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from bitsandbytes.functional import dequantize_4bit
from bitsandbytes.nn import Linear4bit
from torch import Tensor

from qlora_gov.models.bfloat16 import fast_bfloat16

WIDTH = 192
PRODUCTS: dict[str, Callable[[Tensor, Tensor], Tensor]] = {
    "mm": lambda x, w: x @ w.t(),
    "linear": lambda x, w: torch.nn.functional.linear(x, w),
    "addmm": lambda x, w: torch.nn.functional.linear(x, w, w[:, 0]),
    "bmm": lambda x, w: torch.bmm(x.expand(3, -1, -1), w.expand(3, -1, -1)),
    "baddbmm": lambda x, w: torch.baddbmm(x, x.expand(3, -1, -1), w.expand(3, -1, -1)),
    "matmul": lambda x, w: x.expand(3, 2, -1, -1) @ w,
}


@pytest.fixture(autouse=True)
def without(monkeypatch: pytest.MonkeyPatch) -> None:
    """A processor without instructions, whatever runs the test."""
    monkeypatch.setattr(torch.backends.mkldnn, "is_available", lambda: False)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)


def drawn(seed: int) -> Tensor:
    return torch.randn(WIDTH, WIDTH, generator=torch.Generator().manual_seed(seed)).bfloat16()


def nf4() -> tuple[Linear4bit, Tensor]:
    """A layer with double quantisation, and its weight ``[out, in]`` as it multiplies."""
    layer = Linear4bit(WIDTH, WIDTH, bias=False, compute_dtype=torch.bfloat16, quant_type="nf4")
    layer.load_state_dict({"weight": drawn(2).float()})
    layer.to("cpu")
    layer.support_avx512bf16_for_cpu = False  # as load_base has it
    return layer, dequantize_4bit(layer.weight.data, layer.weight.quant_state).bfloat16()


@pytest.mark.parametrize("inference", [False, True])
@pytest.mark.parametrize("name", PRODUCTS)
def test_a_product_is_summed_in_float32_and_rounded(name: str, inference: bool) -> None:
    x, w = drawn(1), drawn(2)
    with torch.inference_mode(inference), fast_bfloat16():
        found = PRODUCTS[name](x, w)
    assert found.equal(PRODUCTS[name](x.float(), w.float()).bfloat16())


@pytest.mark.parametrize("inference", [False, True])
def test_a_4_bit_layer_multiplies_what_it_rounds_its_weights_to(inference: bool) -> None:
    layer, weight = nf4()
    with torch.inference_mode(inference), fast_bfloat16():
        found = layer(drawn(1))
    assert found.equal((drawn(1).float() @ weight.float().t()).bfloat16())


def test_gradients_are_summed_so_too() -> None:
    layer, weight = nf4()
    x = drawn(1).requires_grad_()
    with fast_bfloat16():
        layer(x).backward(drawn(3))
    assert x.grad is not None
    assert x.grad.equal((drawn(3).float() @ weight.float()).bfloat16())


def test_other_types_are_left_as_they_are() -> None:
    x, w = drawn(1).double(), drawn(2).double()
    expected = x @ w
    with fast_bfloat16():
        found = x @ w
    assert found.dtype == torch.float64
    assert found.equal(expected)
