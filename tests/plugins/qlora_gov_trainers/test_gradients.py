"""Gradients through NF4 layers against a dense reference, also after an evaluation in the same process."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from qlora_gov import Message
from qlora_gov.models.chat import tokenise
from qlora_gov.models.loading import load_tokenizer, quantised_layers
from qlora_gov.models.subject import Subject
from qlora_gov_trainers.settings import Nf4QloraSettings
from qlora_gov_trainers.step.model import make_ready
from qlora_gov_trainers.step.packs import packed
from qlora_gov_trainers.trainer import Nf4QloraTrainer
from tests.support.collated import collate

TALKS = [
    (
        Message(role="user", content=f"Question {n}, please?"),
        Message(role="assistant", content=f"Answer {n * n} it is."),
    )
    for n in range(4)
]


@pytest.fixture(params=["tiny_base", "real_base"])
def base(request: pytest.FixtureRequest) -> Path:
    """Both the tiny random base and the real one."""
    return request.getfixturevalue(request.param)


def _rows(base: Path):
    tokenizer = load_tokenizer(base)
    return [tokenise(tokenizer, talk) for talk in TALKS], tokenizer.pad_token_id


def _gradients(model, loss):
    import torch

    generator = torch.Generator().manual_seed(1)
    for name, parameter in model.named_parameters():
        if "lora_" in name:  # lora_B is zero at the start, which would hide every gradient of lora_A
            parameter.data.copy_(torch.randn(parameter.shape, generator=generator) * 0.01)
    loss(model).backward()
    return {name: p.grad.double() for name, p in model.named_parameters() if p.grad is not None}


def _got(model, base: Path):
    """As the trainer has them: rows that share a pass."""
    rows, _ = _rows(base)
    targets = sum(row.targets for row in rows)
    return _gradients(model, lambda model: model(**packed(rows))["loss"] / targets)


def _expected(model, base: Path):
    """As transformers has them: rows padded to a batch."""
    batch = collate(*_rows(base))
    return _gradients(model, lambda model: model(**batch).loss)


def _relative_error(got, expected) -> float:
    difference = sum(((got[name] - expected[name]) ** 2).sum().item() for name in expected)
    return math.sqrt(difference / sum((value**2).sum().item() for value in expected.values()))


def _pair(base: Path, dtype: str):
    """The model as it is trained, and the same with its NF4 weights written out densely in float32."""
    trainer = Nf4QloraTrainer(Nf4QloraSettings.model_validate({"rank": 4, "dropout": 0.0, "dtype": dtype}))
    model = trainer.prepare(base)
    assert make_ready(model, 0.0).layers
    return model, _dense(trainer.prepare(base))


def _dense(model):
    import torch
    from bitsandbytes.functional import dequantize_4bit
    from bitsandbytes.nn import Linear4bit

    for name, layer in list(model.named_modules()):
        if isinstance(layer, Linear4bit):
            dense = torch.nn.Linear(layer.in_features, layer.out_features, bias=False)
            dense.weight = torch.nn.Parameter(
                dequantize_4bit(layer.weight.data, layer.weight.quant_state).float(), requires_grad=False
            )
            model.set_submodule(name, dense)
    return model.float().train()


@pytest.mark.parametrize("after_evaluation", [False, True])
def test_float32_gradients_equal_a_dense_reference(base: Path, after_evaluation: bool) -> None:
    if after_evaluation:
        Subject.load(base).answer([talk[:1] for talk in TALKS], 4)
    model, reference = _pair(base, "float32")
    got, expected = _got(model, base), _expected(reference, base)
    assert got.keys() == expected.keys()
    assert _relative_error(got, expected) < 1e-3


def test_gradients_stay_right_when_the_model_itself_was_evaluated(base: Path) -> None:
    """Not a thing that the trainer does, but what a mid-training evaluation would."""
    model, reference = _pair(base, "float32")
    model.eval()(**packed(_rows(base)[0]))
    got, expected = _got(model.train(), base), _expected(reference, base)
    assert _relative_error(got, expected) < 1e-3


def test_bfloat16_gradients_are_near_the_reference(base: Path, record_property) -> None:
    model, reference = _pair(base, "bfloat16")
    error = _relative_error(_got(model, base), _expected(reference, base))
    record_property("relative_error", error)
    print(f"bfloat16 gradients: relative error {error:.4f}")  # noqa: T201
    assert error < 0.15


def test_only_lora_matrices_are_trained_on_nf4_weights(base: Path) -> None:
    from bitsandbytes.nn import Params4bit

    model = Nf4QloraTrainer(Nf4QloraSettings.model_validate({})).prepare(base)
    layers = list(quantised_layers(model))
    blocks = model.config.num_hidden_layers
    assert len(layers) == blocks * 7
    assert all(isinstance(layer.weight, Params4bit) and layer.weight.quant_type == "nf4" for layer in layers)
    make_ready(model, 0.0)
    model(**packed(_rows(base)[0]))["loss"].backward()
    trained = {name for name, parameter in model.named_parameters() if parameter.grad is not None}
    assert trained == {name for name, _ in model.named_parameters() if "lora_" in name}
    assert len(trained) == blocks * 2 * 4
