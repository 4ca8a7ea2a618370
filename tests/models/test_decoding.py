from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from qlora_gov.errors import ModelError
from qlora_gov.models.loading import load_tokenizer
from qlora_gov.models.subject import Subject
from qlora_gov.records.answer import Answer
from qlora_gov.records.example import Message

PROMPTS = [(Message(role="user", content=text),) for text in ("Where is my card 1234 1234?", "Fees")]


def with_defaults(base: Path, path: Path, **defaults: Any) -> Path:
    """A copy of a base whose generation_config.json says more."""
    shutil.copytree(base, path)
    file = path / "generation_config.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | defaults))
    return path


def answers(base: Path, decoding: Any) -> tuple[list[Answer], dict[str, Any]]:
    subject = Subject.load(base, quantization="none", decoding=decoding)
    return subject.answer(PROMPTS, 16), dict(subject.applied)


@pytest.mark.parametrize(
    "defaults",
    [
        {"repetition_penalty": 1.5},
        {"no_repeat_ngram_size": 1},
        {"suppress_tokens": list(range(60, 100))},
        {"num_beams": 4},
        {"guidance_scale": 2.0},
        {"max_time": 1e-4},
    ],
)
def test_a_bases_own_defaults_have_a_say_or_none_and_what_they_said_is_told(
    tiny_base: Path, tmp_path: Path, defaults: dict[str, Any]
) -> None:
    plain, _ = answers(tiny_base, "base")
    base = with_defaults(tiny_base, tmp_path / "b", **defaults)
    said, applied = answers(base, "base")
    assert said != plain
    assert applied == defaults
    assert answers(base, "greedy") == (plain, {})


def test_how_to_sample_changes_no_greedy_answer(tiny_base: Path, tmp_path: Path) -> None:
    sampling = {"do_sample": True, "temperature": 0.6, "top_p": 0.9, "top_k": 5, "max_length": 4096}
    base = with_defaults(tiny_base, tmp_path / "b", **sampling)
    assert answers(base, "base") == answers(base, "greedy") == answers(tiny_base, "base")


@pytest.mark.parametrize(
    "defaults",
    [{"num_return_sequences": 2, "num_beams": 2}, {"stop_strings": ["."]}, {"return_dict_in_generate": True}],
)
def test_defaults_with_which_a_prompt_has_no_single_answer_are_refused(
    tiny_base: Path, tmp_path: Path, defaults: dict[str, Any]
) -> None:
    base = with_defaults(tiny_base, tmp_path / "b", **defaults)
    with pytest.raises(ModelError, match=f"sets ({'|'.join(defaults)}), with which a prompt has no single answer"):
        answers(base, "base")
    assert answers(base, "greedy") == answers(tiny_base, "greedy")


def test_a_greedy_answer_ends_where_the_template_ends_a_turn(tiny_base: Path, tmp_path: Path) -> None:
    """The tokenizer and the base may name another token, as those of bases that were never tuned for talk do."""
    import torch

    other = load_tokenizer(tiny_base).convert_tokens_to_ids("<|start|>")
    base = with_defaults(tiny_base, tmp_path / "b", eos_token_id=other)
    file = base / "tokenizer_config.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | {"eos_token": "<|start|>"}))
    end = load_tokenizer(tiny_base).eos_token_id
    for decoding, finish in (("base", "length"), ("greedy", "stop")):
        subject = Subject.load(base, quantization="none", decoding=decoding)
        subject.model.lm_head.bias = torch.nn.Parameter(torch.zeros(subject.model.lm_head.weight.shape[0]))
        subject.model.lm_head.bias.data[end] = 50.0
        assert [answer.finish for answer in subject.answer(PROMPTS, 5)] == [finish] * 2


def test_an_answer_that_is_chosen_from_no_numbers_is_an_error(tiny_base: Path) -> None:
    """The first token of the vocabulary would be repeated, and be measured as an answer."""
    subject = Subject.load(tiny_base, quantization="none")
    subject.model.lm_head.weight.data[7, 0] = float("nan")
    with pytest.raises(ModelError, match="no numbers to choose an answer by, for the prompt 'Where is my card"):
        subject.answer(PROMPTS, 4)
