from __future__ import annotations

import random
from collections.abc import Callable

import pytest

from qlora_gov import Drop, Example
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


HELD = "My card was swallowed by the machine at the station"
ANSWER = "It comes back to your branch within five days of the incident."
REST = "and I would like to know what I have to do now, since nobody told me."
WITHIN = "holds a held-out text"


@pytest.mark.parametrize(
    ("turns", "system", "reason"),
    [
        ((f"Hello there. {HELD}, {REST}", "Wait."), None, WITHIN),
        (("Hello.", "Hello, how can I help?", f"{HELD.lower()}!", "Wait."), None, TEXT),
        (("What would one ask?", f"For example: {HELD}, {REST}"), None, WITHIN),
        (("Hello.", "Hello."), f"Somebody may say: {HELD}, {REST}", WITHIN),
        ((HELD.replace(" ", ", "), "Wait."), None, TEXT),
        (("Where does it go?", ANSWER), None, TEXT),
        (("Where does it go?", f"Do not worry. {ANSWER} Have a good day."), None, WITHIN),
        ((f"Is this right? {ANSWER}", "Yes."), None, WITHIN),
        (("Where does it go?", "It comes back to your branch within five days."), None, None),
        (("Where does it go?", "It comes back to your branch within ten days of the incident."), None, None),
        (("My card was swallowed by a dog at the station", "Oh."), None, None),
    ],
)
def test_a_held_out_text_leaks_in_any_turn_and_within_a_longer_one(
    chat: Chat, verdicts: Verdicts, leak: HeldOutLeak, turns: tuple[str, ...], system: str | None, reason: str | None
) -> None:
    assert verdicts(leak, [chat(*turns, system=system)], [chat(HELD, ANSWER)]) == [reason]


def test_an_answer_that_several_held_out_rows_share_is_looked_for_nowhere(
    chat: Chat, verdicts: Verdicts, leak: HeldOutLeak
) -> None:
    held_out = [chat(HELD, ANSWER), chat("And if the machine is abroad?", ANSWER)]
    assert verdicts(leak, [chat("Where does it go?", ANSWER)], held_out) == [None]
    assert verdicts(leak, [chat("Where does it go?", ANSWER)], held_out[:1]) == [TEXT]


def test_an_answer_that_is_a_mere_label_is_no_leak(chat: Chat, verdicts: Verdicts, leak: HeldOutLeak) -> None:
    held_out = [chat("Top up failed!", "Try again."), chat("Why did my top up fail?", "Try again.")]
    rows = [chat("Nothing arrived.", "top_up_failed"), chat("Nothing arrived.", "Why did my top up fail?")]
    assert verdicts(leak, rows, held_out) == [None, TEXT]


def test_what_leaks_is_told(chat: Chat, leak: HeldOutLeak) -> None:
    [held] = [chat(HELD, ANSWER, group="held")]
    leak.keep_clear_of([held])
    rows = [chat(f"{HELD}, sadly", "Wait."), chat("Why?", f"Well, {ANSWER}"), chat("Why?", "No.", group="held")]
    assert leak.apply(rows) == [
        Drop(NEAR, 9 / 10, held.id),
        Drop(WITHIN, 1.0, held.id),
        Drop(GROUP, 1.0, held.id),
    ]


def test_what_nobody_sees_hides_no_leak(chat: Chat, verdicts: Verdicts, leak: HeldOutLeak) -> None:
    assert verdicts(leak, [chat("Ca\u200brd lost", "Yes.")], [chat("Card lost", "No.")]) == [TEXT]


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


def test_what_a_model_made_of_a_held_out_row_goes_in_whatever_words(
    leak: HeldOutLeak, chat: Chat, held_out: list[Example]
) -> None:
    leak.keep_clear_of(held_out)
    new = chat("My wallet was stolen abroad, so what now?", "Use the app on your phone.")
    labels = [[new.id, held_out[0].id], [new.id], None, "odd", [[], 1]]
    rows = [new.model_copy(update={"extra": {"synthetic": {"parents": parents}}}) for parents in labels]
    rows += [new.model_copy(update={"extra": {"synthetic": odd}}) for odd in ("by hand", None)]
    first, *others = leak.apply(rows)
    assert first == Drop("made from a held-out row", 1.0, held_out[0].id)
    assert others == rows[1:]


def test_a_rejected_answer_may_leak_as_well(chat: Chat, verdicts: Verdicts, leak: HeldOutLeak) -> None:
    held = [chat(HELD, ANSWER)]
    row = chat("How do I pay the bill?", "In the app.")
    assert verdicts(leak, [row.model_copy(update={"rejected": "No."})], held) == [None]
    assert verdicts(leak, [row.model_copy(update={"rejected": f"{ANSWER} {REST}"})], held) == [WITHIN]
