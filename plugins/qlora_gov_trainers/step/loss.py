"""The loss over a wide vocabulary, in parts: no logits of a whole pass are ever held."""

from __future__ import annotations

from typing import Any

import torch

from qlora_gov_trainers.step.ops import cross_entropy_

LOGITS = {"cuda": 2**26, "cpu": 2**23}
"""Logits of a part: on a GPU as many as keep it busy, on a processor as few as its cache and memory like."""


def summed_loss(hidden: torch.Tensor, head: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
    """The sum of the cross entropies of ``labels [n]``, predicted from ``hidden [n, h]`` by a frozen ``[v, h]``."""
    loss: torch.Tensor = _Loss.apply(hidden, head, labels)
    return loss


class _Loss(torch.autograd.Function):  # type: ignore[misc]
    """Computes the gradient with the loss, since what it takes is at hand then."""

    @staticmethod
    def forward(ctx: Any, hidden: torch.Tensor, head: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        at = max(1, LOGITS[hidden.device.type] // len(head))
        gradient, losses = torch.empty_like(hidden), []
        for rows, targets, into in zip(hidden.split(at), labels.split(at), gradient.split(at), strict=True):
            logits = rows @ head.T
            losses.append(cross_entropy_(logits, targets))
            torch.mm(logits, head, out=into)
        ctx.save_for_backward(gradient)
        return torch.cat(losses).sum()

    @staticmethod
    def backward(ctx: Any, dout: torch.Tensor) -> tuple[torch.Tensor, None, None]:
        (gradient,) = ctx.saved_tensors
        return gradient * dout, None, None
