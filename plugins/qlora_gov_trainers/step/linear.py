"""Frozen linear layers with their LoRA updates: products and gradients, without what a dense layer would keep.

With ``x [t, in]`` a layer gives ``x W' + s drop(x) A' B'`` (https://arxiv.org/abs/2106.09685). The gradient of ``x``
needs the weights alone, which are written out again when they are needed; those of ``A`` and ``B`` need ``drop(x)``
and ``s drop(x) A'``, of which only the second, narrow one is kept.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import torch
from torch.nn import functional

from qlora_gov.models.nf4 import Written
from qlora_gov_trainers.step.ops import dropped, wide_product

Gradient: TypeAlias = torch.Tensor | None


class Update:
    """LoRA matrices ``a [r, in]`` and ``b [out, r]``, trained in float32, and the scale of their product.

    ``cast`` are both in the type of the products, brought up to date before each pass.
    """

    def __init__(self, a: torch.nn.Parameter, b: torch.nn.Parameter, scale: float, dtype: torch.dtype) -> None:
        self.trained, self.scale = (a, b), scale
        self.cast = self.trained if a.dtype is dtype else tuple(one.detach().to(dtype) for one in self.trained)


def bring_up_to_date(updates: Sequence[Update]) -> None:
    """Round the trained matrices to the type of the products: a step has changed them."""
    stale = [update for update in updates if update.cast is not update.trained]
    if stale:
        with torch.no_grad():
            torch._foreach_copy_(
                [one for update in stale for one in update.cast], [one for update in stale for one in update.trained]
            )


@dataclass(frozen=True)
class Frozen:
    """A linear layer whose weight gets no gradient."""

    weight: torch.Tensor
    bias: torch.Tensor | None
    update: Update | None

    @classmethod
    def of(cls, layer: Any, dtype: torch.dtype) -> Frozen | None:
        """A linear layer of a model, adapted by peft or not; None for others, and where peft adapts in another way."""
        base = getattr(layer, "base_layer", layer)
        if not isinstance(base, torch.nn.Linear):
            return None
        if base is layer:
            return cls(base.weight, base.bias, None)
        [name] = layer.active_adapters
        if name not in layer.lora_A or name in layer.lora_variant or layer.lora_bias[name]:
            return None
        a, b = layer.lora_A[name].weight, layer.lora_B[name].weight
        return cls(base.weight, base.bias, Update(a, b, layer.scaling[name], dtype))

    @property
    def trained(self) -> tuple[torch.nn.Parameter, ...]:
        """What is trained of it."""
        return self.update.trained if self.update else ()

    def forward(self, x: torch.Tensor, kept: torch.Tensor, weight: torch.Tensor) -> tuple[torch.Tensor, Gradient]:
        """``[t, out]``, and the update's inner product ``[t, r]``, from an input and what dropout kept of it."""
        out = functional.linear(x, weight, self.bias)
        if self.update is None:
            return out, None
        a, b = self.update.cast
        inner = (kept @ a.T).mul_(self.update.scale)
        return out.addmm_(inner, b.T), inner

    def backward(self, dout: torch.Tensor, kept: Gradient, inner: Gradient) -> tuple[Gradient, list[torch.Tensor]]:
        """The gradients of the inner product ``[t, r]``, and of what is trained."""
        if self.update is None or kept is None or inner is None:
            return None, []
        dinner = (dout @ self.update.cast[1]).mul_(self.update.scale)
        return dinner, [wide_product(dinner.T, kept), wide_product(dout.T, inner)]


@dataclass(frozen=True)
class Dropout:
    """Drops a share of values, and the rest grows to make up for them; of one seed always the same."""

    share: float
    seed: int

    def __call__(self, x: torch.Tensor, onto: Gradient = None) -> torch.Tensor:
        """What is kept, added ``onto`` another in place where that is given. Its gradient is this very function."""
        if self.share == 0:
            return x if onto is None else onto.add_(x)
        return dropped(x, self.share, self.seed, onto)

    @classmethod
    def drawn(cls, share: float) -> Dropout:
        """A new one, by torch's generator, which a checkpoint keeps."""
        return cls(share, int(torch.randint(2**31, ()).item()) if share else 0)


def of_input(
    layers: Sequence[Frozen],
    douts: Sequence[torch.Tensor],
    weights: Sequence[torch.Tensor],
    dinners: Sequence[Gradient],
    drop: Dropout,
) -> torch.Tensor:
    """The gradient ``[t, in]`` of what several layers were given."""
    dx = douts[0] @ weights[0]
    for dout, weight in zip(douts[1:], weights[1:], strict=True):
        dx.addmm_(dout, weight)
    through = [
        (dinner, one.update.cast[0])
        for one, dinner in zip(layers, dinners, strict=True)
        if one.update is not None and dinner is not None
    ]
    if drop.share == 0:
        for dinner, a in through:
            dx.addmm_(dinner, a)
    elif through:
        (dinner, a), *others = through
        kept = dinner @ a
        for dinner, a in others:
            kept.addmm_(dinner, a)
        drop(kept, onto=dx)
    return dx


def replacing(module: torch.nn.Module, frozen: Frozen, dropout: float) -> Callable[[torch.Tensor], torch.Tensor]:
    """A forward pass for a module that is this linear layer: ``[..., in]`` to ``[..., out]``."""
    written = Written([frozen.weight])

    def forward(x: torch.Tensor) -> torch.Tensor:
        drop = Dropout.drawn(dropout if frozen.update and module.training else 0)
        out = _Product.apply(x.flatten(0, -2), frozen, written, drop, *frozen.trained)
        return out.unflatten(0, x.shape[:-1])

    return forward


class _Product(torch.autograd.Function):  # type: ignore[misc]
    @staticmethod
    def forward(
        ctx: Any, x: torch.Tensor, frozen: Frozen, written: Written, drop: Dropout, *trained: torch.Tensor
    ) -> torch.Tensor:
        out, inner = frozen.forward(x, drop(x), *written())
        ctx.frozen, ctx.written, ctx.drop = frozen, written, drop
        ctx.save_for_backward(x if trained else None, inner)
        return out

    @staticmethod
    def backward(ctx: Any, dout: torch.Tensor) -> tuple[Gradient, ...]:
        x, inner = ctx.saved_tensors
        dinner, found = ctx.frozen.backward(dout, x if x is None else ctx.drop(x), inner)
        dx = of_input([ctx.frozen], [dout], ctx.written(), [dinner], ctx.drop) if ctx.needs_input_grad[0] else None
        return dx, None, None, None, *found
