"""Attention that sees a row's own tokens and no neighbour's."""

from __future__ import annotations

import inspect
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch.nn.functional import scaled_dot_product_attention

from qlora_gov_trainers.step.packs import Pack

NAME = "qlora_gov_packed"
"""What transformers calls it, in a model's configuration."""


_NEEDS_NOTHING = {"position_ids", "output_attentions", "output_hidden_states", "use_cache", "is_causal"}
"""What transformers hands every attention, and ours has no use for."""


@dataclass(frozen=True)
class Asked:
    """How a model wants its attention: scores times ``scale``, of the last ``window`` tokens, itself among them."""

    scale: float
    window: int | None = None
    dropout: float = 0.0


def register() -> None:
    """Let transformers find it; a model takes it by ``set_attn_implementation(NAME)``."""
    from transformers import AttentionInterface

    AttentionInterface.register(NAME, _attention)


def asked_of(module: torch.nn.Module) -> Asked:
    """How a model's attention asked last."""
    asked: Asked = module.__dict__[NAME]
    return asked


def attend(query: torch.Tensor, key: torch.Tensor, value: torch.Tensor, pack: Pack, asked: Asked) -> torch.Tensor:
    """Causal attention within rows: ``[t, heads, d]`` of queries and answers, ``[t, groups, d]`` of keys and values."""
    if asked.window is not None and asked.window >= pack.longest:
        asked = replace(asked, window=None)
    if pack.alike and asked.window is None:
        shape = len(pack.lengths), pack.longest
        query, key, value = (tensor.unflatten(0, shape).transpose(1, 2) for tensor in (query, key, value))
        return _dense(query, key, value, asked).transpose(1, 2).flatten(0, 1)
    if query.is_cuda and query.dtype is not torch.float32 and not asked.dropout:
        return _ragged(query, key, value, pack, asked)
    rows = zip(*(tensor.split(pack.lengths) for tensor in (query, key, value)), strict=True)
    return torch.cat([_row(q, k, v, asked) for q, k, v in rows])


def _dense(
    query: torch.Tensor, key: torch.Tensor, value: torch.Tensor, asked: Asked, mask: torch.Tensor | None = None
) -> torch.Tensor:
    """``[b, heads, t, d]``."""
    grouped = query.shape[1] != key.shape[1]
    return scaled_dot_product_attention(
        query, key, value, mask, asked.dropout, is_causal=mask is None, scale=asked.scale, enable_gqa=grouped
    )


def _row(query: torch.Tensor, key: torch.Tensor, value: torch.Tensor, asked: Asked) -> torch.Tensor:
    mask = None
    if asked.window is not None:
        place = torch.arange(len(query), device=query.device)
        behind = place[:, None] - place[None, :]
        mask = (behind >= 0) & (behind < asked.window)
    query, key, value = (tensor.transpose(0, 1)[None] for tensor in (query, key, value))
    return _dense(query, key, value, asked, mask)[0].transpose(0, 1)


def _ragged(query: torch.Tensor, key: torch.Tensor, value: torch.Tensor, pack: Pack, asked: Asked) -> torch.Tensor:
    from torch.nn.attention.varlen import varlen_attn

    # Before torch 2.12 groups of heads need not be announced, and cannot be.
    grouped = {"enable_gqa": True} if "enable_gqa" in inspect.signature(varlen_attn).parameters else {}
    bounds, longest = pack.on(query.device), pack.longest
    seen = (-1 if asked.window is None else asked.window - 1, 0)
    return varlen_attn(
        query, key, value, bounds, bounds, longest, longest, scale=asked.scale, window_size=seen, **grouped
    )


def _attention(
    module: torch.nn.Module,
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    attention_mask: None,
    *,
    pack: Pack,
    scaling: float | None = None,
    sliding_window: int | None = None,
    dropout: float = 0.0,
    **others: Any,
) -> tuple[torch.Tensor, None]:
    """As transformers calls it: ``[1, heads, t, d]`` in, ``[1, t, heads, d]`` out.

    Raises ValueError for what a model asks of its attention, and ours does not do, as a cap on scores.
    """
    if unknown := [name for name, value in others.items() if name not in _NEEDS_NOTHING and value not in (None, False)]:
        raise ValueError(f"attention: {unknown[0]} is asked for, which is not done here")
    query, key, value = (tensor[0].transpose(0, 1) for tensor in (query, key, value))
    asked = Asked(query.shape[-1] ** -0.5 if scaling is None else scaling, sliding_window, dropout)
    module.__dict__[NAME] = asked
    return attend(query, key, value, pack, asked)[None], None
