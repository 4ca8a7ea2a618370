from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import pytest

from qlora_gov import Example
from qlora_gov_data.leaks import HeldOutLeak, HeldOutLeakSettings

Chat = Callable[..., Example]
Verdicts = Callable[..., list[str | None]]
GROUP, TEXT, NEAR = "group is held out", "text is held out", "near-duplicate of a held-out row"


@pytest.fixture
def leak() -> HeldOutLeak:
    return HeldOutLeak(HeldOutLeakSettings())


@pytest.fixture
def held_out(chat: Chat) -> list[Example]:
    return [
        chat("I lost my only card on holiday in Lisbon. How do I pay now?", "Use the app.", group="card-12"),
        chat("?!", "How can I help?", group="odd-1"),
    ]


@pytest.mark.parametrize(
    ("turns", "group", "reason"),
    [
        (("Something else altogether, please.", "Yes."), "card-12", GROUP),
        (("Something else altogether, please.", "Yes."), "card-13", None),
        (("i lost my only card on holiday in LISBON.  How do I pay now?", "No."), None, TEXT),
        (("?!", "Pardon?"), None, TEXT),
        (("I lost my only card on holiday in Madrid. How do I pay now?", "Use the app."), None, NEAR),
        (("How do I pay my card off?", "Use the app."), None, None),
        (("How do I pay the card bill?", "Use the app."), None, None),
    ],
)
def test_says_what_is_held_out(
    chat: Chat,
    verdicts: Verdicts,
    leak: HeldOutLeak,
    held_out: list[Example],
    turns: tuple[str, str],
    group: str | None,
    reason: str | None,
) -> None:
    assert verdicts(leak, [chat(*turns, group=group)], held_out) == [reason]


@pytest.mark.parametrize(("invisible", "reason"), [("compared", None), ("passed_over", TEXT)])
def test_a_prompt_that_looks_like_a_held_out_one_leaks_where_the_invisible_is_passed_over(
    chat: Chat, verdicts: Verdicts, invisible: Any, reason: str | None
) -> None:
    leak = HeldOutLeak(HeldOutLeakSettings(invisible=invisible))
    assert verdicts(leak, [chat("Ca\u200brd lost", "Yes.")], [chat("Card lost", "No.")]) == [reason]


def test_a_shared_system_prompt_or_answer_is_no_leak(chat: Chat, verdicts: Verdicts, leak: HeldOutLeak) -> None:
    system = "You are the patient and careful support assistant of a large bank, and you answer in two sentences."
    held_out = [chat("Why?", "Please open the app to see it.", system=system)]
    assert verdicts(leak, [chat("Who?", "Please open the app to see it.", system=system)], held_out) == [None]


def test_an_earlier_turn_of_a_conversation_leaks_too(
    chat: Chat, verdicts: Verdicts, leak: HeldOutLeak, held_out: list[Example]
) -> None:
    prompt = held_out[0].question
    rows = [
        chat(prompt, "Use the app.", "And how do I get a new one sent over?", "In the app as well."),
        chat("Hello there, a word about fees.", "Gladly.", "And how do I get a new one sent over?", "Use the app."),
    ]
    assert verdicts(leak, rows, held_out) == [TEXT, None]


def test_each_row_is_judged_by_itself(chat: Chat, verdicts: Verdicts, leak: HeldOutLeak) -> None:
    rng = random.Random(11)
    words = [f"word{number}" for number in range(60)]
    prompts = [" ".join(rng.sample(words, k=12)) for _ in range(40)]
    held_out = [chat(prompt, "Yes.") for prompt in prompts[:20]]
    rows = [chat(f"{prompt} {rng.choice(['', 'indeed', 'or not at all'])}", "No.") for prompt in prompts]
    rows += [chat("Unrelated.", "Yes.", group=row.group) for row in held_out[:5]]

    expected = dict(zip((row.id + row.group for row in rows), verdicts(leak, rows, held_out), strict=True))
    shuffled = rng.sample(rows, k=len(rows))
    found = verdicts(leak, shuffled, rng.sample(held_out, k=20))
    assert dict(zip((row.id + row.group for row in shuffled), found, strict=True)) == expected
    assert set(expected.values()) == {None, GROUP, TEXT, NEAR}


def test_nothing_is_held_out_of_the_evaluation_set_itself(
    verdicts: Verdicts, leak: HeldOutLeak, held_out: list[Example]
) -> None:
    assert verdicts(leak, held_out, []) == [None, None]
    assert verdicts(leak, [], held_out) == []


def test_a_conversation_that_opens_with_the_assistant_has_no_prompt_to_leak(
    chat: Chat, verdicts: Verdicts, leak: HeldOutLeak
) -> None:
    greeting, other = (chat("", text) for text in ("Hello, how can I help?", "Good day!"))
    greeting, other = (row.with_messages(row.messages[1:]) for row in (greeting, other))
    assert verdicts(leak, [other], [greeting]) == [None]
