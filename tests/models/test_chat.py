from __future__ import annotations

from pathlib import Path

import pytest

from qlora_gov.errors import ModelError
from qlora_gov.models.chat import IGNORED, tokenise
from qlora_gov.models.loading import load_tokenizer
from qlora_gov.records.example import Message
from tests.support.tiny import make_tiny_base

TALK = (
    Message(role="system", content="Be kind."),
    Message(role="user", content="Hello, is this <|end|> safe?"),
    Message(role="assistant", content="It is — ünïcode too."),
    Message(role="user", content="Bye"),
    Message(role="assistant", content="Goodbye!"),
)


def _spoken(tokenizer, row) -> str:
    return tokenizer.decode([label for label in row.labels if label != IGNORED])


def test_loss_falls_on_every_assistant_turn_and_its_end(tiny_base: Path) -> None:
    tokenizer = load_tokenizer(tiny_base)
    row = tokenise(tokenizer, TALK)
    assert _spoken(tokenizer, row) == "It is — ünïcode too.<|end|>Goodbye!<|end|>"
    assert all(label in (IGNORED, token) for token, label in zip(row.ids, row.labels, strict=True))


def test_last_only_rates_the_last_turn(tiny_base: Path) -> None:
    tokenizer = load_tokenizer(tiny_base)
    row = tokenise(tokenizer, TALK, last_only=True)
    assert _spoken(tokenizer, row) == "Goodbye!<|end|>"
    assert row.targets == len("Goodbye!") + 1


def test_labels_are_what_generation_must_produce(tiny_base: Path) -> None:
    """The prompt as generation sees it, then the labelled tokens, is the whole conversation but its last newline."""
    tokenizer = load_tokenizer(tiny_base)
    row = tokenise(tokenizer, TALK, last_only=True)
    prompt = tokenise(tokenizer, TALK[:-1], prompt=True).ids
    spoken = [label for label in row.labels if label != IGNORED]
    assert row.ids[: len(prompt) + len(spoken)] == prompt + spoken


def test_a_template_that_rewrites_earlier_turns_is_refused(tmp_path: Path) -> None:
    template = "{{ messages | length }}{% for m in messages %}{{ m['role'] }}:{{ m['content'] }}\n{% endfor %}"
    tokenizer = load_tokenizer(make_tiny_base(tmp_path / "b", chat_template=template))
    with pytest.raises(ModelError, match="rewrites earlier turns"):
        tokenise(tokenizer, TALK)


def test_a_template_that_raises_is_a_model_error(tmp_path: Path) -> None:
    template = "{{ raise_exception('no system role') }}"
    tokenizer = load_tokenizer(make_tiny_base(tmp_path / "b", chat_template=template))
    with pytest.raises(ModelError, match="no system role"):
        tokenise(tokenizer, TALK)


def test_no_chat_template_is_said(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="has no chat template"):
        load_tokenizer(make_tiny_base(tmp_path / "b", chat_template=None))
