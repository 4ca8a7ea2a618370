"""The loss over a wide vocabulary, in parts: no logits of a whole pass are ever held."""

from __future__ import annotations

from typing import Any

import torch

from qlora_gov_trainers.step.ops import fused

_LOGITS = 2**25
"""Logits of a part, as many as float32 holds in 128 MB."""


def summed_loss(hidden: torch.Tensor, head: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
    """The sum of the cross entropies of ``labels [n]``, predicted from ``hidden [n, h]`` by a frozen ``[v, h]``."""
    if fused() and hidden.is_cuda:
        from liger_kernel.ops.fused_linear_cross_entropy import LigerFusedLinearCrossEntropyFunction as Liger

        loss, *_ = Liger.apply(hidden, head, labels, None, None, -100, 0.0, 0.0, "sum")
        return loss
    return _Loss.apply(hidden, head, labels)


class _Loss(torch.autograd.Function):  # type: ignore[misc]
    """Computes the gradient with the loss, since what it takes is at hand then."""

    @staticmethod
    def forward(ctx: Any, hidden: torch.Tensor, head: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        wide = torch.promote_types(hidden.dtype, torch.float32)
        loss, gradient = torch.zeros((), device=hidden.device, dtype=wide), torch.empty_like(hidden)
        at = max(1, _LOGITS // len(head))
        for rows, targets, into in zip(hidden.split(at), labels.split(at), gradient.split(at), strict=True):
            chances = torch.log_softmax(rows @ head.T, -1, dtype=wide)
            loss -= chances.gather(1, targets[:, None]).sum()
            chances.exp_()
            chances[torch.arange(len(targets)), targets] -= 1
            torch.mm(chances.to(head.dtype), head, out=into)
        ctx.save_for_backward(gradient)
        return loss

    @staticmethod
    def backward(ctx: Any, dout: torch.Tensor) -> tuple[torch.Tensor, None, None]:
        (gradient,) = ctx.saved_tensors
        return gradient * dout, None, None
