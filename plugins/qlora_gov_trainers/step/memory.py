"""What a step takes of a card's memory, and how to spend a budget of it so that the step is quick.

Nothing here changes what is computed: only how many rows share a pass, and what is kept of a pass until its gradients
are taken, or computed again. Bytes are as torch counts what it allocated; the context of CUDA comes on top.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from qlora_gov import TrainingError
from qlora_gov_trainers.step.layer import Layer
from qlora_gov_trainers.step.loss import LOGITS

_A_PARAMETER = 18
"""Bytes of a trained parameter: itself, its gradient and AdamW's two moments in float32, and its copy in bfloat16."""
_PRODUCTS_A_SECOND, _BYTES_A_SECOND, _QUEUED = 640e12, 3.4e12, 3.5e-3
"""Of an H200, sustained; and seconds in which a processor queues a layer's work of a pass, in both directions. Only
what they are to each other decides a plan, and that is alike on other cards; slower ones wait less for their queue.
"""
_SPARE = 0.03
"""Share of a budget that is left free for the holes between allocations."""
_CONTEXT = 0.6e9
"""Bytes that CUDA and its libraries take before anything is allocated."""
GB = 1e9


@dataclass(frozen=True)
class Shape:
    """What decides a step's memory: widths of one decoder layer, in values, and what lies around the layers.

    ``linears`` are the weights of a layer's linear layers, ``ranks`` the sum of its updates' ranks, ``frozen`` the
    bytes of all weights as they lie, ``trained`` the parameters that are trained, ``size`` the bytes of a value.
    ``down`` counts values of width ``inner`` that are held for the update of the layer down: its input, and what
    dropout lets through of that input's gradient.
    """

    layers: int
    hidden: int
    queries: int
    keys: int
    heads: int
    inner: int
    linears: int
    ranks: int
    vocabulary: int
    frozen: int
    trained: int
    size: int
    down: int = 0

    @classmethod
    def of(cls, model: Any, layers: tuple[Layer, ...]) -> Shape:
        """Of a model whose decoder layers were replaced."""
        layer = layers[0]
        shapes = (weight.shape for written in layer.written for weight in written())
        width = dict(zip("qkvogud", shapes, strict=True))
        parameters = list(model.parameters())
        head = model.get_base_model().get_output_embeddings().weight
        return cls(
            layers=len(layers),
            hidden=width["q"][1],
            queries=width["q"][0],
            keys=width["k"][0],
            heads=width["q"][0] // layer.width,
            inner=width["g"][0],
            linears=sum(rows * columns for rows, columns in width.values()),
            ranks=sum(linear.update.trained[0].shape[0] for linear in layer.linears if linear.update),
            vocabulary=head.shape[0],
            frozen=sum(_bytes(one) for one in parameters if not one.requires_grad),
            trained=sum(one.numel() for one in parameters if one.requires_grad),
            size=head.element_size(),
            down=(1 + bool(layer.dropout)) * bool(layer.rest[-1].update),
        )

    @classmethod
    def of_llama(
        cls, layers: int, hidden: int, keys: int, heads: int, inner: int, vocabulary: int, *, rank: int
    ) -> Shape:
        """Of a model of Llama's family that is not at hand: in NF4, with updates of queries, keys, values and outputs.

        Its scales take a byte for 64 weights and four for 256 of them.
        """
        linears = 2 * hidden * hidden + 2 * hidden * keys + 3 * hidden * inner
        return cls(
            layers=layers,
            hidden=hidden,
            queries=hidden,
            keys=keys,
            heads=heads,
            inner=inner,
            linears=linears,
            ranks=4 * rank,
            vocabulary=vocabulary,
            frozen=int(layers * linears * (1 / 2 + 1 / 64 + 4 / 64 / 256) + 2 * vocabulary * hidden * 2),
            trained=layers * rank * (2 * (hidden + hidden) + 2 * (hidden + keys)),
            size=2,
        )


def _bytes(parameter: Any) -> int:
    state = getattr(parameter, "quant_state", None)
    scales = [] if state is None else [state.absmax, *((state.state2.absmax,) if state.nested else ())]
    return sum(one.numel() * one.element_size() for one in (parameter, *scales))


@dataclass(frozen=True)
class Plan:
    """How a step is taken.

    ``tokens`` share a pass at most. Of the layers, ``kept`` keep gate and up, ``again`` keep nothing but what they are
    given and are computed again whole, and ``dense`` have their weights written out for good. ``peak`` is in bytes.
    """

    tokens: int
    kept: int
    again: int
    dense: int
    peak: float

    def apply(self, layers: tuple[Layer, ...]) -> None:
        """Tell the layers."""
        for number, layer in enumerate(layers):
            layer.again = number < self.again
            layer.keep = number >= len(layers) - self.kept
            for written in layer.written:
                written.keep(number < self.dense)

    def __str__(self) -> str:
        return (
            f"{self.tokens:,} tokens a pass; gate and up are kept in {self.kept} layers, {self.again} layers are "
            f"computed again, {self.dense} hold their weights written out; predicted peak {self.peak / GB:.1f} GB"
        )


def predicted(shape: Shape, plan: Plan) -> float:
    """The peak of a step in bytes: what lies there, what is kept of a pass, and the widest moment of its gradients."""
    tokens, size = plan.tokens, shape.size
    there = shape.frozen + _A_PARAMETER * shape.trained + plan.dense * shape.linears * size
    stream = tokens * shape.hidden * size
    slim = 2 * stream + tokens * (size * (2 * shape.queries + 2 * shape.keys + shape.ranks) + 4 * shape.heads + 8)
    gates = 2 * tokens * shape.inner * size
    kept = plan.again * stream + (shape.layers - plan.again) * slim + plan.kept * gates
    rest = shape.hidden * (3 * shape.inner + shape.queries)
    written = rest * size * (plan.dense < shape.layers)
    wide = gates * (plan.kept < shape.layers) + gates // 2 * (1 + shape.down)
    layer = wide + written + 4 * stream + slim * bool(plan.again)
    loss = 3 * stream + 8 * tokens * shape.hidden + LOGITS["cuda"] * size
    return there + kept + max(layer, loss)


def planned(shape: Shape, longest: int, rows: int, budget: float) -> Plan:
    """The quickest way for passes of up to ``rows`` rows of up to ``longest`` tokens under ``budget`` bytes.

    Raises TrainingError where not even the smallest pass fits, with the budget that would do.
    """
    room = (budget - _CONTEXT) * (1 - _SPARE)
    fitting = [plan for at in range(1, rows + 1) if (plan := _fitted(shape, longest * at, room)) is not None]
    if not fitting:
        least = predicted(shape, Plan(longest, 0, shape.layers, 0, 0)) / (1 - _SPARE) + _CONTEXT
        raise TrainingError(
            f"training.memory_budget: {budget / GB:.1f} GB do not do for a row of {longest:,} tokens; give at least "
            f"{least / GB:.1f} GB, or drop the longest rows with the length filter"
        )
    return min(fitting, key=lambda plan: (_cost(shape, plan), -plan.tokens))


def _fitted(shape: Shape, tokens: int, room: float) -> Plan | None:
    """The plan that keeps as much as fits, and so computes as little again."""
    for plan in _plans(shape, tokens):
        peak = predicted(shape, plan)
        if peak <= room:
            return replace(plan, peak=peak)
    return None


def _plans(shape: Shape, tokens: int) -> Iterator[Plan]:
    """From what takes most memory and least time to what takes least and most."""
    every = shape.layers
    yield from (Plan(tokens, every, 0, dense, 0) for dense in range(every, 0, -1))
    yield from (Plan(tokens, kept, 0, 0, 0) for kept in range(every, 0, -1))
    yield from (Plan(tokens, 0, again, 0, 0) for again in range(every + 1))


def _cost(shape: Shape, plan: Plan) -> float:
    """Seconds that a token takes: of the device, or of the processor that queues its work where that is more."""
    products = 4 * (shape.layers * shape.linears + shape.hidden * shape.vocabulary)
    products += (shape.layers - plan.kept - plan.again) * 4 * shape.hidden * shape.inner
    products += plan.again * 2 * shape.linears
    moved = 2.6 * shape.linears  # bytes that are read and written for a layer's weights in 16 bits
    written = (2 * (shape.layers - plan.dense) + plan.again) * moved / _BYTES_A_SECOND
    queued = (shape.layers + plan.again / 2) * _QUEUED
    return max(products / _PRODUCTS_A_SECOND + written / plan.tokens, queued / plan.tokens)
