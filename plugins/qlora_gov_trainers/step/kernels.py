"""Kernels of our own, for what no library does in one pass: a norm's gradient with the residual's, dropout by seed."""

from __future__ import annotations

import torch
import triton
import triton.language as tl

_SOME = 4096
"""Values that a program of the dropout takes, and one of the cross entropy at a time."""


@triton.jit  # type: ignore[untyped-decorator]
def _norm(x, weight, y, scales, eps, width: tl.constexpr, block: tl.constexpr):  # type: ignore[no-untyped-def]
    row = tl.program_id(0).to(tl.int64)
    column = tl.arange(0, block)
    inside = column < width
    values = tl.load(x + row * width + column, mask=inside, other=0).to(tl.float32)
    scale = 1 / tl.sqrt(tl.sum(values * values) / width + eps)
    tl.store(scales + row, scale)
    unit = (values * scale).to(y.dtype.element_ty)  # rounded before it is multiplied, as transformers does
    tl.store(y + row * width + column, unit * tl.load(weight + column, mask=inside), mask=inside)


@triton.jit  # type: ignore[untyped-decorator]
def _norm_backward(dy, x, weight, scales, residual, width: tl.constexpr, block: tl.constexpr):  # type: ignore[no-untyped-def]
    row = tl.program_id(0).to(tl.int64)
    column = tl.arange(0, block)
    inside = column < width
    scale = tl.load(scales + row)
    unit = tl.load(x + row * width + column, mask=inside, other=0).to(tl.float32) * scale
    given = tl.load(dy + row * width + column, mask=inside, other=0).to(tl.float32)
    given *= tl.load(weight + column, mask=inside, other=0).to(tl.float32)
    dx = scale * (given - unit * (tl.sum(given * unit) / width))
    dx += tl.load(residual + row * width + column, mask=inside, other=0).to(tl.float32)
    tl.store(dy + row * width + column, dx.to(dy.dtype.element_ty), mask=inside)


@triton.jit  # type: ignore[untyped-decorator]
def _dropped(x, out, count, share, seed, added: tl.constexpr, some: tl.constexpr):  # type: ignore[no-untyped-def]
    at = tl.program_id(0).to(tl.int64) * some + tl.arange(0, some)
    inside = at < count
    values = tl.load(x + at, mask=inside, other=0).to(tl.float32)
    values = tl.where(tl.rand(seed, at) >= share, values / (1 - share), 0.0)
    if added:
        values += tl.load(out + at, mask=inside, other=0).to(tl.float32)
    tl.store(out + at, values.to(out.dtype.element_ty), mask=inside)


@triton.jit  # type: ignore[untyped-decorator]
def _cross_entropy(logits, labels, losses, width, block: tl.constexpr):  # type: ignore[no-untyped-def]
    row = tl.program_id(0).to(tl.int64)
    own = logits + row * width
    label = tl.load(labels + row)
    top, total = -float("inf"), 0.0
    for start in range(0, width, block):
        at = start + tl.arange(0, block)
        values = tl.load(own + at, mask=at < width, other=-float("inf")).to(tl.float32)
        above = tl.maximum(top, tl.max(values))
        total = total * tl.exp(top - above) + tl.sum(tl.exp(values - above))
        top = above
    log_total = top + tl.log(total)
    tl.store(losses + row, log_total - tl.load(own + label).to(tl.float32))
    tl.debug_barrier()  # the label's logit was read, and may be overwritten
    for start in range(0, width, block):
        at = start + tl.arange(0, block)
        chances = tl.exp(tl.load(own + at, mask=at < width, other=-float("inf")).to(tl.float32) - log_total)
        chances = tl.where(at == label, chances - 1, chances)
        tl.store(own + at, chances.to(logits.dtype.element_ty), mask=at < width)


def norm(x: torch.Tensor, weight: torch.Tensor, eps: float) -> tuple[torch.Tensor, torch.Tensor]:
    """As :func:`qlora_gov_trainers.step.ops.norm`."""
    y, scales = torch.empty_like(x), torch.empty(len(x), device=x.device)
    width = x.shape[1]
    _norm[(len(x),)](x, weight, y, scales, eps, width, triton.next_power_of_2(width), num_warps=8)
    return y, scales


def norm_backward(
    dy: torch.Tensor, x: torch.Tensor, weight: torch.Tensor, scales: torch.Tensor, residual: torch.Tensor
) -> torch.Tensor:
    """As :func:`qlora_gov_trainers.step.ops.norm_backward`."""
    width = x.shape[1]
    _norm_backward[(len(x),)](dy, x, weight, scales, residual, width, triton.next_power_of_2(width), num_warps=8)
    return dy


def dropped(x: torch.Tensor, share: float, seed: int, onto: torch.Tensor | None = None) -> torch.Tensor:
    """As :func:`qlora_gov_trainers.step.ops.dropped`."""
    out = torch.empty_like(x) if onto is None else onto
    count = x.numel()
    _dropped[(triton.cdiv(count, _SOME),)](x, out, count, share, seed, onto is not None, _SOME, num_warps=8)
    return out


def cross_entropy_(logits: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
    """As :func:`qlora_gov_trainers.step.ops.cross_entropy_`."""
    losses = torch.empty(len(logits), device=logits.device)
    _cross_entropy[(len(logits),)](logits, labels, losses, logits.shape[1], _SOME, num_warps=16)
    return losses
