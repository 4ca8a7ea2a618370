"""Pairs as batches: each answer behind its prompt, and no token of a prompt or of padding among the answer's."""

from __future__ import annotations

from pathlib import Path

from qlora_gov import Message, TrainingJob
from qlora_gov.models.loading import load_tokenizer
from qlora_gov_trainers.dpo.pairs import both, collated, read_pairs
from tests.stages.toys import Quiet, example

TALK = tuple(Message(role=role, content=said) for role, said in (("user", "One?"), ("assistant", "1."), ("user", "2?")))


def test_a_pair_is_two_conversations() -> None:
    pair = example("a", "b", rejected="c")
    chosen, rejected = both([pair])
    assert ([m.content for m in chosen.messages], chosen.rejected) == (["a", "b"], None)
    assert ([m.content for m in rejected.messages], rejected.rejected) == (["a", "c"], None)
    assert chosen.source == rejected.source == pair.source


def test_loss_falls_on_the_last_answers_alone(tiny_base: Path) -> None:
    tokenizer = load_tokenizer(tiny_base)
    long = example("x", "Two.", rejected="Three, or four.", messages=(*TALK, Message(role="assistant", content="Two.")))
    short = example("a", "b", rejected="c")
    pairs = read_pairs(tokenizer, TrainingJob(tiny_base, "b", [long, short], tiny_base, tiny_base, 0, Quiet()), 500)
    batch = {name: values.tolist() for name, values in collated(pairs.rows).items()}
    answers = [
        tokenizer.decode([id_ for id_, mine in zip(ids, mask, strict=True) if mine])
        for ids, mask in zip(batch["input_ids"], batch["completion_mask"], strict=True)
    ]
    assert answers == ["Two.<|end|>", "b<|end|>", "Three, or four.<|end|>", "c<|end|>"]
    texts = [
        tokenizer.decode([id_ for id_, there in zip(ids, mask, strict=True) if there])
        for ids, mask in zip(batch["input_ids"], batch["attention_mask"], strict=True)
    ]
    assert texts[1] == "<|start|>user\na<|end|>\n<|start|>assistant\nb<|end|>\n"
    assert pairs.targets == sum(map(sum, batch["completion_mask"]))
