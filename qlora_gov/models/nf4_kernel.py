"""The kernel of :mod:`qlora_gov.models.nf4`: scales and levels in one pass, at the rate of the memory."""

from __future__ import annotations

import torch
import triton
import triton.language as tl

_BLOCKS = 32
"""Blocks of 64 weights that a program writes. 16 to 64 were alike on an H200; 8 took twice as long."""


@triton.jit  # type: ignore[untyped-decorator]
def _dequantise(  # type: ignore[no-untyped-def]
    packed, scales, groups, offsets, scale_levels, levels, out, blocks, some: tl.constexpr, bytes_: tl.constexpr,
    group: tl.constexpr,
):  # fmt: skip
    block = tl.program_id(0).to(tl.int64) * some + tl.arange(0, some)
    inside = block < blocks
    level = tl.load(scales + block, mask=inside, other=0).to(tl.int32)
    scale = tl.load(scale_levels + level) * tl.load(groups + block // group, mask=inside, other=0)
    scale += tl.load(offsets + block // group, mask=inside, other=0)
    pair = tl.load(packed + block[:, None] * bytes_ + tl.arange(0, bytes_)[None, :], mask=inside[:, None], other=0)
    pair = pair.to(tl.int32)
    first = tl.load(levels + (pair >> 4)) * scale[:, None]  # the upper half of a byte comes first
    second = tl.load(levels + (pair & 15)) * scale[:, None]
    both = tl.interleave(first.to(out.dtype.element_ty), second.to(out.dtype.element_ty))
    at = block[:, None] * (2 * bytes_) + tl.arange(0, 2 * bytes_)[None, :]
    tl.store(out + at, both, mask=inside[:, None])


def dequantise(laid: tuple[torch.Tensor, ...], dtype: torch.dtype) -> torch.Tensor:
    """Weights ``[n]`` as :class:`qlora_gov.models.nf4.Written` lays them: two in a byte, ``n / 64`` scales by level.

    A scale is its level times its group's own scale, plus the group's offset.
    """
    packed, scales, groups, offsets, scale_levels, levels = laid
    out = torch.empty(2 * packed.numel(), device=packed.device, dtype=dtype)
    blocks = scales.numel()
    _dequantise[(triton.cdiv(blocks, _BLOCKS),)](
        packed, scales, groups, offsets, scale_levels, levels, out, blocks,
        some=_BLOCKS, bytes_=packed.numel() // blocks, group=blocks // groups.numel(), num_warps=2,
    )  # fmt: skip
    return out
