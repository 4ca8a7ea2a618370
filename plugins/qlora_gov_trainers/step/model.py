"""A model made ready for passes without padding, its layers replaced by faster ones where these do the same.

Whatever is replaced is held against what it replaces, on the model itself: what gives something else stays as it was.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch
from torch.nn.functional import cross_entropy

from qlora_gov.models.chat import Tokenised
from qlora_gov_trainers.step import attention
from qlora_gov_trainers.step.layer import Layer
from qlora_gov_trainers.step.linear import Frozen, Update, bring_up_to_date, replacing
from qlora_gov_trainers.step.loss import summed_loss
from qlora_gov_trainers.step.packs import packed

if TYPE_CHECKING:
    from peft import PeftModel

_PROBE = 8, 5
"""Tokens of two rows by which a model is tried."""


@dataclass(frozen=True)
class Ready:
    """What became of a model: its decoder layers that were replaced, and whether rows can share a pass."""

    layers: tuple[Layer, ...]
    packs: bool


def make_ready(model: PeftModel, dropout: float) -> Ready:
    """Make ``model(**packed(rows))["loss"]`` the sum of the losses of the rows' targets.

    A model whose attention we do not have takes one row in a pass, and keeps its own.
    """
    core: Any = model.get_base_model()
    training = core.training
    core.eval()
    rows = _probe(core)
    plain, own = _one_by_one(core, rows), core.config._attn_implementation
    attention.register()
    core.set_attn_implementation(attention.NAME)
    core.set_attn_implementation(attention.NAME)
    packs = _same(plain, lambda: _logits(core, rows))
    layers, linears = _replaced(core, dropout) if packs else ({}, {})
    if not packs:
        core.set_attn_implementation(own)
    elif not _same(plain, lambda: _logits(core, rows)):
        for module in (*layers, *linears):
            del module.forward
        layers, linears = {}, {}
    parts = (*linears.values(), *(part for layer in layers.values() for part in layer.linears))
    updates = [part.update for part in parts if part.update]
    core.forward = _by_parts(core, updates) if packs else _alone(core)
    core.train(training)
    return Ready(tuple(layers.values()), packs)


def _probe(core: Any) -> list[Tokenised]:
    generator = torch.Generator().manual_seed(0)
    most = core.get_input_embeddings().weight.shape[0]
    drawn = (torch.randint(most, (length,), generator=generator).tolist() for length in _PROBE)
    return [Tokenised(ids, ids) for ids in drawn]


@torch.no_grad()  # type: ignore[untyped-decorator]
def _one_by_one(core: Any, rows: list[Tokenised]) -> torch.Tensor:
    """The logits of rows, each by itself, from the model as it is: ``[t, v]``."""
    ids = (torch.tensor([row.ids], device=core.device) for row in rows)
    return torch.cat([core(input_ids=one, use_cache=False).logits[0] for one in ids])


def _same(plain: torch.Tensor, logits: Callable[[], torch.Tensor]) -> bool:
    with torch.no_grad():
        try:
            found = logits()
        except (TypeError, ValueError, RuntimeError, AttributeError, KeyError):  # another kind of model than we know
            return False
    apart = (found.float() - plain.float()).norm() / plain.float().norm()
    return bool(apart <= torch.finfo(plain.dtype).eps ** 0.5)  # half of the digits: only the order of sums differs


def _replaced(core: Any, dropout: float) -> tuple[dict[torch.nn.Module, Layer], dict[torch.nn.Module, Frozen]]:
    """Give modules a forward pass of ours: decoder layers that we know, and linear layers of others."""
    layers, linears = {}, {}
    within = {core.get_output_embeddings()}
    for module in core.modules():
        if module in within:
            continue
        if layer := Layer.of(module, dropout):
            module.forward, layers[module] = layer.forward, layer
        elif frozen := Frozen.of(module, core.dtype):
            module.forward, linears[module] = replacing(module, frozen, dropout), frozen
        elif not hasattr(module, "base_layer"):
            continue
        within |= set(module.modules())
    return layers, linears


def _hidden(core: Any, inputs: dict[str, Any]) -> torch.Tensor:
    """The last hidden states ``[t, h]``."""
    ids, positions = (inputs[name].to(core.device) for name in ("input_ids", "position_ids"))
    made = core.get_decoder()(input_ids=ids, position_ids=positions, use_cache=False, pack=inputs["pack"])
    return made.last_hidden_state[0]


def _logits(core: Any, rows: list[Tokenised]) -> torch.Tensor:
    """The logits of rows that share a pass, as the loss takes them: ``[t, v]``."""
    return _hidden(core, packed(rows)) @ core.get_output_embeddings().weight.T


def _by_parts(core: Any, updates: Sequence[Update]) -> Callable[..., dict[str, torch.Tensor]]:
    """A forward pass of packed rows."""

    def forward(labels: torch.Tensor, at: torch.Tensor, **inputs: Any) -> dict[str, torch.Tensor]:
        bring_up_to_date(updates)
        hidden = _hidden(core, inputs)[at]
        return {"loss": summed_loss(hidden, core.get_output_embeddings().weight, labels)}

    return forward


def _alone(core: Any) -> Callable[..., dict[str, torch.Tensor]]:
    """A forward pass of one row, through all that the model has."""
    own = core.forward

    def forward(input_ids: torch.Tensor, labels: torch.Tensor, at: torch.Tensor, **inputs: Any) -> dict[str, Any]:
        logits = own(input_ids=input_ids, use_cache=False).logits[0, at]
        return {"loss": cross_entropy(logits.float(), labels, reduction="sum")}

    return forward
