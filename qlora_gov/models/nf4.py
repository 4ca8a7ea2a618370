"""NF4 weights written out, bit for bit as bitsandbytes has them (https://arxiv.org/abs/2305.14314, section 3)."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.util import find_spec
from typing import Any

import torch

_BLOCK, _SCALES = 64, 256
"""Weights that share a scale, and scales that share one of their own: what bitsandbytes takes where it is not told."""


class Written:
    """Weights of linear layers that are written out together, as they are multiplied.

    On CUDA those in NF4 are laid end to end, so that one kernel writes them all: seven launches of a decoder layer are
    two. ``keep`` writes them out for good.
    """

    def __init__(self, weights: Sequence[torch.Tensor]) -> None:
        self._weights = weights
        self._kept: tuple[torch.Tensor, ...] | None = None
        self._laid = _laid([weight.quant_state for weight in weights], weights) if _alike(weights) else None

    def __call__(self) -> tuple[torch.Tensor, ...]:
        """Each ``[out, in]``; a weight that is not held in 4 bits is given as it is."""
        if self._kept is not None:
            return self._kept
        if self._laid is None:
            return tuple(_one(weight) for weight in self._weights)
        from qlora_gov.models.nf4_kernel import dequantise

        out = dequantise(self._laid, self._weights[0].quant_state.dtype)
        shapes = [weight.quant_state.shape for weight in self._weights]
        parts = out.split([shape.numel() for shape in shapes])
        return tuple(part.view(shape) for part, shape in zip(parts, shapes, strict=True))

    def keep(self, kept: bool) -> None:
        """Hold the weights written out from now on, or no longer."""
        self._kept = None
        self._kept = self() if kept else None


def _one(weight: Any) -> torch.Tensor:
    if getattr(weight, "quant_state", None) is None:
        return weight
    from bitsandbytes.functional import dequantize_4bit

    return dequantize_4bit(weight.data, weight.quant_state)


def _alike(weights: Sequence[Any]) -> bool:
    """Whether our kernel takes them: on CUDA, quantised as bitsandbytes does by default, and of whole blocks."""
    states = [getattr(weight, "quant_state", None) for weight in weights]
    return all(
        weight.is_cuda
        and state is not None
        and (state.quant_type, state.blocksize, state.nested) == ("nf4", _BLOCK, True)
        and state.state2.blocksize == _SCALES
        and state.shape.numel() % (_BLOCK * _SCALES) == 0
        for weight, state in zip(weights, states, strict=True)
    ) and (find_spec("triton") is not None)


def _laid(states: Sequence[Any], weights: Sequence[Any]) -> tuple[torch.Tensor, ...]:
    """Lay weights end to end, their scales, and the scales' own scales and offsets; the weights then lie there."""
    packed = torch.cat([weight.data.flatten() for weight in weights])
    scales = torch.cat([state.absmax for state in states])
    for weight, state, part, own in zip(
        weights,
        states,
        packed.split([weight.numel() for weight in weights]),
        scales.split([state.absmax.numel() for state in states]),
        strict=True,
    ):
        weight.data, state.absmax = part.view(weight.shape), own
    groups = torch.cat([state.state2.absmax for state in states])
    offsets = torch.cat([state.offset.expand(state.state2.absmax.numel()) for state in states])
    return packed, scales, groups, offsets, states[0].state2.code, states[0].code
