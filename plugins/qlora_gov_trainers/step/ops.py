"""What a decoder layer is made of besides products: each by a fused kernel on CUDA, and by torch elsewhere.

Gradients are given, not derived: a layer keeps what it chooses, and computes the rest again.
"""

from __future__ import annotations

from functools import lru_cache
from importlib.util import find_spec

import torch
from torch.nn.functional import silu


@lru_cache
def fused() -> bool:
    """Whether Triton and Liger's kernels are at hand."""
    return torch.cuda.is_available() and all(find_spec(name) is not None for name in ("triton", "liger_kernel"))


def wide_product(one: torch.Tensor, other: torch.Tensor) -> torch.Tensor:
    """A product in float32, of what need not be."""
    if one.is_cuda and one.dtype is not torch.float32:
        return torch.mm(one, other, out_dtype=torch.float32)
    return (one @ other).to(torch.promote_types(one.dtype, torch.float32))


def dropped(x: torch.Tensor, share: float, seed: int, onto: torch.Tensor | None = None) -> torch.Tensor:
    """What is kept of ``x`` where a share is dropped, scaled to make up for it; added ``onto`` another in place."""
    if fused() and x.is_cuda:
        from qlora_gov_trainers.step import kernels

        return kernels.dropped(x, share, seed, onto)
    generator = torch.Generator(x.device).manual_seed(seed)
    kept = torch.empty_like(x).bernoulli_(1 - share, generator=generator).div_(1 - share)
    return kept.mul_(x) if onto is None else onto.addcmul_(kept, x)


def norm(x: torch.Tensor, weight: torch.Tensor, eps: float) -> tuple[torch.Tensor, torch.Tensor]:
    """Root mean square norm of ``[t, h]`` (https://arxiv.org/abs/1910.07467), and each row's scale, float32 ``[t]``."""
    if fused() and x.is_cuda:
        from qlora_gov_trainers.step import kernels

        return kernels.norm(x, weight, eps)
    wide = x.to(torch.promote_types(x.dtype, torch.float32))
    scale = (wide.square().mean(-1) + eps).rsqrt()
    return weight * (wide * scale[:, None]).to(x.dtype), scale


def norm_backward(
    dy: torch.Tensor, x: torch.Tensor, weight: torch.Tensor, scale: torch.Tensor, residual: torch.Tensor
) -> torch.Tensor:
    """The gradient of ``x``, from that of its norm, which is overwritten, and that of ``x`` beside it: ``[t, h]``."""
    if fused() and x.is_cuda:
        from qlora_gov_trainers.step import kernels

        return kernels.norm_backward(dy, x, weight, scale, residual)
    unit, wide = x * scale[:, None], dy * weight.to(scale.dtype)
    dx = scale[:, None] * (wide - unit * (wide * unit).mean(-1, keepdim=True))
    return dy.copy_(dx.add_(residual))


def rotate_(
    query: torch.Tensor, key: torch.Tensor, cos: torch.Tensor, sin: torch.Tensor, *, back: bool = False
) -> None:
    """Rotate ``[t, heads, d]`` and ``[t, groups, d]`` in place by their positions' angles ``[t, d]``, or back again.

    https://arxiv.org/abs/2104.09864, with the halves of a head as its coordinates.
    """
    if fused() and query.is_cuda:
        from liger_kernel.ops.rope import rope_backward, rope_forward

        turn = rope_backward if back else rope_forward
        turn(query[None].transpose(1, 2), key[None].transpose(1, 2), cos[None], sin[None])
        return
    half = query.shape[-1] // 2
    cos, sin = cos[:, None, :half], sin[:, None, :half]
    sin = -sin if back else sin
    for heads in (query, key):
        first, second = heads[..., :half], heads[..., half:]
        turned = first * cos - second * sin
        second.mul_(cos).add_(first * sin)
        first.copy_(turned)


def gated(gate: torch.Tensor, up: torch.Tensor) -> torch.Tensor:
    """``silu(gate) * up`` (https://arxiv.org/abs/2002.05202)."""
    if fused() and gate.is_cuda:
        from liger_kernel.ops.swiglu import swiglu_forward

        return swiglu_forward(gate, up)[2]
    return silu(gate) * up


def gated_backward(gate: torch.Tensor, up: torch.Tensor, dout: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """The gradients of both, which may overwrite them."""
    if fused() and gate.is_cuda:
        from liger_kernel.ops.swiglu import swiglu_backward

        dgate, dup = swiglu_backward(gate, up, dout)
        return dgate, dup
    open_ = torch.sigmoid(gate)
    passed = gate * open_
    return dout * up * (open_ + passed * (1 - open_)), dout * passed


def cross_entropy_(logits: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
    """The cross entropies ``[n]`` of ``logits [n, v]``, which become the gradient of their sum.

    Liger's waits for the device to count labels, so that nothing is queued meanwhile; here all labels count.
    """
    if fused() and logits.is_cuda:
        from qlora_gov_trainers.step import kernels

        return kernels.cross_entropy_(logits, labels)
    wide = torch.promote_types(logits.dtype, torch.float32)
    chances = torch.log_softmax(logits, -1, dtype=wide)
    losses = -chances.gather(1, labels[:, None])[:, 0]
    chances.exp_()
    chances[torch.arange(len(labels)), labels] -= 1
    logits.copy_(chances)
    return losses
