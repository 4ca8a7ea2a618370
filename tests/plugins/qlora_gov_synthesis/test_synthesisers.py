"""What is asked, and what is made of answers. How it is asked is tested with the core."""

from __future__ import annotations

import json
from random import Random
from typing import Any

import pytest

from qlora_gov import DataError, Drop, Example, Message, Prompt
from qlora_gov_synthesis import qlora_gov_synthesisers
from qlora_gov_synthesis.paraphrase import FEW, SAME, Paraphrase, ParaphraseSettings
from qlora_gov_synthesis.self_instruct import SelfInstruct, SelfInstructSettings


def example(*turns: str, **labels: Any) -> Example:
    """Turns of the system, where it is told, and of user and assistant by turns."""
    roles = ("user", "assistant") * len(turns)
    messages = tuple(Message(role=role, content=turn) for role, turn in zip(roles, turns, strict=False))
    return Example(messages=messages, group=labels.pop("group", "g"), source="s:1", **labels)


CHAT = example("Hello?", "Hi.", "What does it cost?", "Nothing.", group="chat", intent="fees")
PARAPHRASE = Paraphrase(ParaphraseSettings(variants=2))


def prompt_of(component: Any, *seeds: Example) -> Prompt:
    (prompt,) = component.prompts(seeds, Random(0))
    assert isinstance(prompt, Prompt)
    return prompt


def answered(component: Any, prompt: Prompt, **said: Any) -> list[Example | Drop]:
    return list(component.rows(prompt, json.dumps(said)))


def test_a_prompt_holds_the_last_question_with_its_answer() -> None:
    prompt = prompt_of(PARAPHRASE, CHAT)
    assert prompt.parents == (CHAT,)
    assert prompt.messages[0] == Message(role="system", content=PARAPHRASE.template())
    assert json.loads(prompt.messages[1].content) == {"message": "What does it cost?", "answer": "Nothing."}
    assert "Write 2 other messages" in PARAPHRASE.template()
    own = Paraphrase(ParaphraseSettings(variants=4, instruction='{variants} of them, as {"variants": []}'))
    assert own.template() == '4 of them, as {"variants": []}'


def test_a_variant_takes_the_place_of_the_question_alone() -> None:
    rows = answered(PARAPHRASE, prompt_of(PARAPHRASE, CHAT), variants=["How much?", "Is it free?"])
    assert all(isinstance(row, Example) for row in rows)
    assert [[message.content for message in row.messages] for row in rows if isinstance(row, Example)] == [
        ["Hello?", "Hi.", "How much?", "Nothing."],
        ["Hello?", "Hi.", "Is it free?", "Nothing."],
    ]
    assert {(row.group, row.intent) for row in rows if isinstance(row, Example)} == {("chat", "fees")}


def test_what_is_no_variant_is_told() -> None:
    prompt = prompt_of(PARAPHRASE, CHAT)
    assert answered(PARAPHRASE, prompt, variants=[" What does\nit cost? "]) == [Drop(SAME), Drop(FEW)]
    assert answered(PARAPHRASE, prompt, variants=[]) == [Drop(FEW), Drop(FEW)]
    assert len(answered(PARAPHRASE, prompt, variants=["a", "b", "c"])) == 3


def test_a_row_without_a_question_makes_no_prompt() -> None:
    said = Message(role="assistant", content="Hi.")
    silent = Example(messages=(said,), group="g", source="s:1")
    for component in (PARAPHRASE, SelfInstruct(SelfInstructSettings(prompts=2))):
        assert list(component.prompts((silent,), Random(0))) == []


@pytest.mark.parametrize("component", [PARAPHRASE, SelfInstruct(SelfInstructSettings(prompts=1))])
@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ("Sure!", "not JSON"),
        ('```json\n{"variants": []}\n```', "not JSON"),
        ('{"variants": ["a", "b"]', "not JSON"),
        ('["a", "b"]', "not the object that was asked for"),
        ('{"variants": "a", "rows": "a"}', "not the object that was asked for"),
        ('{"variants": [1], "rows": [{"question": "a"}]}', "not the object that was asked for"),
        ('{"variants": ["\\ud83d"], "rows": [{"question": "\\ud83d", "answer": "b"}]}', "not JSON"),
    ],
)
def test_an_answer_in_which_nothing_can_be_read_is_told_in_few_words(component: Any, answer: str, said: str) -> None:
    with pytest.raises(DataError) as caught:
        component.rows(prompt_of(component, CHAT), answer)
    assert caught.value.lines == (said,)


def test_new_rows_have_the_rows_that_were_shown_as_parents() -> None:
    seeds = [example(f"Question {at}?", "Yes.") for at in range(9)]
    component = SelfInstruct(SelfInstructSettings(prompts=3, examples=4, rows=2))
    prompts = list(component.prompts(seeds, Random(1)))
    assert prompts == list(component.prompts(seeds, Random(1))) != list(component.prompts(seeds, Random(2)))
    assert len(prompts) == len({prompt.messages[1].content for prompt in prompts}) == 3
    for prompt in prompts:
        shown = json.loads(prompt.messages[1].content)["examples"]
        assert shown == [{"question": seed.question, "answer": seed.reference} for seed in prompt.parents]
        assert len(set(map(id, prompt.parents))) == 4
    pairs = [{"question": "New?", "answer": "No."}, {"question": "New?", "answer": " "}]
    row, blank = answered(component, prompts[0], rows=pairs)
    assert isinstance(row, Example)
    assert ([message.content for message in row.messages], row.group) == (["New?", "No."], "")
    assert blank == Drop("an empty question or answer")


def test_fewer_rows_than_a_prompt_shows_are_all_shown() -> None:
    prompt = prompt_of(SelfInstruct(SelfInstructSettings(prompts=1, examples=5)), CHAT, example("A?", "B."))
    assert len(prompt.parents) == 2


def test_both_say_what_installs_what_they_need() -> None:
    assert [(spec.name, spec.extra) for spec in qlora_gov_synthesisers()] == [
        ("paraphrase", "synthesis"),
        ("self_instruct", "synthesis"),
    ]
