"""A decoder layer as Llama has it, as two nodes of the graph around its attention.

What each keeps until its gradient is the least that is dear to compute again: the stream of hidden states before both
norms, queries, keys and values, and answers of the attention. Gate and up, the largest by far, are kept where the plan
has room for them. The norms' results are computed again, which takes a single pass over memory.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch

from qlora_gov.models.nf4 import Written
from qlora_gov_trainers.step.attention import Asked, asked_of, attend
from qlora_gov_trainers.step.linear import Dropout, Frozen, Gradient, of_input
from qlora_gov_trainers.step.ops import gated, gated_backward, norm, norm_backward, rotate_
from qlora_gov_trainers.step.packs import Pack

_PROJECTIONS, _MLP = ("q_proj", "k_proj", "v_proj"), ("gate_proj", "up_proj", "down_proj")
_PARTS = {"self_attn", "mlp", "input_layernorm", "post_attention_layernorm"}


@dataclass
class Layer:
    """The parts of a decoder layer.

    ``keep`` says that gate and up are kept for the gradient, ``again`` that nothing is but what the layer was given.
    """

    module: torch.nn.Module
    projections: tuple[Frozen, ...]
    rest: tuple[Frozen, ...]
    norms: tuple[torch.Tensor, torch.Tensor]
    eps: float
    width: int
    asked: Asked
    dropout: float
    keep: bool = True
    again: bool = False

    def __post_init__(self) -> None:
        self.written = tuple(Written([one.weight for one in group]) for group in (self.projections, self.rest))

    @classmethod
    def of(cls, module: Any, dropout: float) -> Layer | None:
        """The parts of a layer of a model; None where it has others, or they may be put together in another way."""
        attention: Any = getattr(module, "self_attn", None)
        mlp: Any = getattr(module, "mlp", None)
        if {name for name, _ in module.named_children()} != _PARTS or not _named(attention, {*_PROJECTIONS, "o_proj"}):
            return None
        if not _named(mlp, {*_MLP, "act_fn"}) or type(mlp.act_fn).__name__ not in ("SiLU", "SiLUActivation"):
            return None
        norms = module.input_layernorm, module.post_attention_layernorm
        if not all(hasattr(one, "variance_epsilon") for one in norms):
            return None
        linears = [*(getattr(attention, name) for name in (*_PROJECTIONS, "o_proj")), *(getattr(mlp, n) for n in _MLP)]
        parts = [part for linear in linears if (part := Frozen.of(linear, norms[0].weight.dtype)) is not None]
        if len(parts) < len(linears):
            return None
        return cls(
            module=module, projections=tuple(parts[:3]), rest=tuple(parts[3:]),
            norms=(norms[0].weight, norms[1].weight), eps=norms[0].variance_epsilon,
            width=attention.head_dim, asked=asked_of(attention), dropout=dropout,
        )  # fmt: skip

    @property
    def linears(self) -> tuple[Frozen, ...]:
        """Those to queries, keys and values, and out of the attention; gate, up and down."""
        return (*self.projections, *self.rest)

    def forward(
        self, hidden_states: torch.Tensor, *, position_embeddings: tuple[torch.Tensor, torch.Tensor], pack: Pack,
        **others: Any,
    ) -> torch.Tensor:  # fmt: skip
        """As transformers calls a layer: hidden states ``[1, t, h]`` in and out."""
        cos, sin = (angles[0] for angles in position_embeddings)
        drops = [Dropout.drawn(self.dropout if self.module.training else 0) for _ in range(4)]
        given = hidden_states[0], cos, sin, pack, drops
        if not self.again:
            return self.passed(*given)[None]
        return _Again.apply(self, *given, *(parameter for linear in self.linears for parameter in linear.trained))[None]

    def passed(
        self,
        hidden: torch.Tensor,
        cos: torch.Tensor,
        sin: torch.Tensor,
        pack: Pack,
        drops: list[Dropout],
        *,
        again: bool = False,
    ) -> torch.Tensor:
        """Hidden states ``[t, h]`` in and out; done ``again`` for its gradient, what comes out has no values."""
        trained = [parameter for linear in self.projections for parameter in linear.trained]
        query, key, value, x = _Projections.apply(hidden, self, cos, sin, drops[0], *trained)
        answers = attend(query, key, value, pack, self.asked).flatten(1)
        trained = [parameter for linear in self.rest for parameter in linear.trained]
        return _Rest.apply(answers, x, self, drops[1:], again, *trained)


def _named(module: Any, names: set[str]) -> bool:
    return module is not None and {name for name, _ in module.named_children()} == names


class _Projections(torch.autograd.Function):  # type: ignore[misc]
    """Norm, projections to queries, keys and values, and their rotation; the stream itself is handed on."""

    @staticmethod
    def forward(
        ctx: Any, x: torch.Tensor, layer: Layer, cos: torch.Tensor, sin: torch.Tensor, drop: Dropout, *trained: Any
    ) -> tuple[torch.Tensor, ...]:
        y, scale = norm(x, layer.norms[0], layer.eps)
        kept, weights = drop(y), layer.written[0]()
        made = [one.forward(y, kept, weight) for one, weight in zip(layer.projections, weights, strict=True)]
        query, key, value = (out.unflatten(-1, (-1, layer.width)) for out, _ in made)
        rotate_(query, key, cos, sin)
        ctx.layer, ctx.drop = layer, drop
        ctx.save_for_backward(x, scale, cos, sin, *(inner for _, inner in made))
        return query, key, value, x

    @staticmethod
    def backward(ctx: Any, *grads: torch.Tensor) -> tuple[Gradient, ...]:
        layer, drop = ctx.layer, ctx.drop
        x, scale, cos, sin, *inners = ctx.saved_tensors
        dquery, dkey, dvalue, residual = (grad.contiguous() for grad in grads)
        rotate_(dquery, dkey, cos, sin, back=True)  # in place: nobody but the attention has made or holds them
        douts = dquery.flatten(1), dkey.flatten(1), dvalue.flatten(1)
        kept = drop(norm(x, layer.norms[0], layer.eps)[0])
        dinners, found = [], []
        for one, dout, inner in zip(layer.projections, douts, inners, strict=True):
            dinner, trained = one.backward(dout, kept, inner)
            dinners.append(dinner)
            found += trained
        if not ctx.needs_input_grad[0]:  # the first layer, before which nothing is trained
            return None, None, None, None, None, *found
        dy = of_input(layer.projections, douts, layer.written[0](), dinners, drop)
        return norm_backward(dy, x, layer.norms[0], scale, residual), None, None, None, None, *found


class _Rest(torch.autograd.Function):  # type: ignore[misc]
    """The projection of the attention's answers, the second norm and the gated layers, each added to the stream."""

    @staticmethod
    def forward(
        ctx: Any, answers: torch.Tensor, x: torch.Tensor, layer: Layer, drops: list[Dropout], again: bool, *trained: Any
    ) -> torch.Tensor:
        out, gate, up, down = layer.rest
        weights = layer.written[1]()
        stream, of_out = out.forward(answers, drops[0](answers), weights[0])
        stream += x
        y, scale = norm(stream, layer.norms[1], layer.eps)
        kept = drops[1](y)
        opened, of_gate = gate.forward(y, kept, weights[1])
        raised, of_up = up.forward(y, kept, weights[2])
        if again and not down.update:
            result, of_down = torch.empty_like(stream), None
        else:
            hidden = gated(opened, raised)
            result, of_down = down.forward(hidden, drops[2](hidden), weights[3])
            result += stream
        ctx.layer, ctx.drops = layer, drops
        wide = (opened, raised) if layer.keep or again else (None, None)
        ctx.save_for_backward(answers, stream, scale, *wide, of_out, of_gate, of_up, of_down)
        return result

    @staticmethod
    def backward(ctx: Any, dout: torch.Tensor) -> tuple[Gradient, ...]:
        layer, drops = ctx.layer, ctx.drops
        out, gate, up, down = layer.rest
        answers, stream, scale, opened, raised, of_out, of_gate, of_up, of_down = ctx.saved_tensors
        dout, weights = dout.contiguous(), layer.written[1]()
        kept = None
        if opened is None or gate.update or up.update:
            y = norm(stream, layer.norms[1], layer.eps)[0]
            kept = drops[1](y)
            if opened is None:
                opened, raised = (one.forward(y, kept, weights[at])[0] for at, one in ((1, gate), (2, up)))
            del y
        hidden = drops[2](gated(opened, raised)) if down.update else None
        dinner, for_down = down.backward(dout, hidden, of_down)
        dhidden = of_input([down], [dout], [weights[3]], [dinner], drops[2])
        douts = gated_backward(opened, raised, dhidden)
        del opened, raised, hidden, dhidden
        dgate, for_gate = gate.backward(douts[0], kept, of_gate)
        dup, for_up = up.backward(douts[1], kept, of_up)
        dy = of_input([gate, up], douts, weights[1:3], [dgate, dup], drops[1])
        del douts, kept
        dstream = norm_backward(dy, stream, layer.norms[1], scale, dout)
        dinner, for_out = out.backward(dstream, drops[0](answers), of_out)
        danswers = of_input([out], [dstream], [weights[0]], [dinner], drops[0])
        return danswers, dstream, None, None, None, *for_out, *for_gate, *for_up, *for_down


class _Again(torch.autograd.Function):  # type: ignore[misc]
    """A whole layer, of which nothing is kept but what it was given."""

    @staticmethod
    def forward(
        ctx: Any,
        layer: Layer,
        x: torch.Tensor,
        cos: torch.Tensor,
        sin: torch.Tensor,
        pack: Pack,
        drops: list[Dropout],
        *trained: torch.Tensor,
    ) -> torch.Tensor:
        ctx.layer, ctx.pack, ctx.drops, ctx.trained = layer, pack, drops, trained
        ctx.save_for_backward(x, cos, sin)
        return layer.passed(x, cos, sin, pack, drops)

    @staticmethod
    def backward(ctx: Any, dout: torch.Tensor) -> tuple[Gradient, ...]:
        x, cos, sin = ctx.saved_tensors
        wanted = ctx.needs_input_grad[1]
        with torch.enable_grad():
            x = x.detach().requires_grad_(wanted)
            out = ctx.layer.passed(x, cos, sin, ctx.pack, ctx.drops, again=True)
        found = torch.autograd.grad(out, (x, *ctx.trained) if wanted else ctx.trained, dout)
        return None, *(() if wanted else (None,)), *found[:wanted], None, None, None, None, *found[wanted:]
