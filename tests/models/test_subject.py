from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from qlora_gov.errors import ModelError
from qlora_gov.models.chat import IGNORED, tokenise
from qlora_gov.models.loading import load_base, load_tokenizer
from qlora_gov.models.subject import Subject, _batches
from qlora_gov.records.example import Message

QUESTIONS = ["Hello", "Where is my card? I have looked everywhere for it.", "Fees?"]
TALKS = [
    (
        Message(role="user", content=question),
        Message(role="assistant", content=f"About {question.lower()}: see the app."),
    )
    for question in QUESTIONS
]


def test_likelihoods_equal_an_independent_float32_computation(tiny_base: Path) -> None:
    """One row at a time, no padding, dense weights with the values that NF4 stores."""
    import torch

    rated = Subject.load(tiny_base).loglikelihood(TALKS)
    dense = load_base(tiny_base, quantization="nf4", dtype="float32").dequantize().eval()
    tokenizer = load_tokenizer(tiny_base)
    for talk, value in zip(TALKS, rated, strict=True):
        row = tokenise(tokenizer, talk, last_only=True)
        with torch.no_grad():
            logits = dense(input_ids=torch.tensor([row.ids])).logits[0]
        logs = torch.log_softmax(logits.double(), dim=-1)
        expected = -sum(
            logs[at - 1, label].item() for at, label in enumerate(row.labels) if label != IGNORED and at > 0
        )
        assert value.nll == pytest.approx(expected, rel=1e-3)
        assert value.tokens == sum(label != IGNORED for label in row.labels)
        assert value.bytes == len(talk[-1].content.encode())


def test_answers_do_not_depend_on_padding(tiny_base: Path) -> None:
    subject = Subject.load(tiny_base)
    prompts = [talk[:1] for talk in TALKS]
    alone = [subject.answer([prompt], 12)[0] for prompt in prompts]
    assert subject.answer(prompts, 12) == alone


def test_a_generated_answer_says_why_it_ended(tiny_base: Path) -> None:
    """A head biased to the end-of-turn token stops at once; one biased away from it runs to the limit."""
    import torch

    subject = Subject.load(tiny_base, quantization="none")
    end = subject.tokenizer.eos_token_id
    original = subject.model.lm_head.weight.data.clone()
    hidden_sign = torch.ones_like(original[0])
    for push, finish in ((50.0, "stop"), (-50.0, "length")):
        subject.model.lm_head.bias = torch.nn.Parameter(torch.zeros(original.shape[0]))
        subject.model.lm_head.bias.data[end] = push * float(hidden_sign[0])
        answer = subject.answer([TALKS[0][:1]], 5)[0]
        assert answer.finish == finish
        assert (answer.response == "") == (finish == "stop")


def test_an_adapter_that_does_not_fit_is_a_model_error(tiny_base: Path, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="does not fit the base"):
        Subject.load(tiny_base, tmp_path)


def save_adapter(base: Path, path: Path) -> dict[str, Any]:
    """An adapter of the base as peft saves it; its weights by name."""
    from peft import LoraConfig, get_peft_model
    from safetensors.torch import load_file

    config = LoraConfig(r=2, target_modules=["q_proj", "v_proj"], task_type="CAUSAL_LM")
    get_peft_model(load_base(base, quantization="none"), config).save_pretrained(path)
    weights: dict[str, Any] = load_file(path / "adapter_model.safetensors")
    return weights


@pytest.mark.parametrize(
    ("edit", "said"),
    [
        (lambda weights: weights.pop(min(weights)), r"has no base_model\.model\.model\.layers\.0.*lora_A\.weight$"),
        (lambda weights: weights.update({"other.lora_A.weight": weights.pop(min(weights))}), r"has no base_model"),
        (lambda weights: weights.update({"other.lora_A.weight": next(iter(weights.values()))}), "takes no, other.lora"),
        (lambda weights: weights.update({min(weights): weights[min(weights)][:1]}), "size mismatch"),
    ],
)
def test_weights_without_a_place_and_places_without_weights_are_model_errors(
    tiny_base: Path, tmp_path: Path, edit: Callable[[dict[str, Any]], object], said: str
) -> None:
    """peft itself takes these without a word, and the subject would answer as the base, or nearly so."""
    from safetensors.torch import save_file

    weights = save_adapter(tiny_base, tmp_path)
    Subject.load(tiny_base, tmp_path)
    edit(weights)
    save_file({name: tensor.clone() for name, tensor in weights.items()}, tmp_path / "adapter_model.safetensors")
    with pytest.raises(ModelError, match=said):
        Subject.load(tiny_base, tmp_path)


def test_a_base_that_is_no_model_is_a_model_error(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="no tokenizer"):
        Subject.load(tmp_path)
    with pytest.raises(ModelError, match="cannot be loaded"):
        load_base(tmp_path)


def test_batches_keep_within_the_budget() -> None:
    lengths = [10, 300, 400, 500, 5000]
    batches = _batches(range(5), lengths)
    assert [index for batch in batches for index in batch] == [0, 1, 2, 3, 4]
    assert all(len(batch) == 1 or len(batch) * max(lengths[i] for i in batch) <= 1024 for batch in batches)
    assert [4] in batches


def test_a_tokenizer_that_says_no_places_is_a_model_error(tiny_base: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from transformers import PreTrainedTokenizerFast

    monkeypatch.setattr(PreTrainedTokenizerFast, "is_fast", property(lambda self: False))
    with pytest.raises(ModelError, match=r"has no fast version, .* add its tokenizer\.json$"):
        load_tokenizer(tiny_base)
