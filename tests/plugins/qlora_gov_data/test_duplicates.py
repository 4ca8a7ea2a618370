from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import pytest

from qlora_gov import Drop, Example, Message
from qlora_gov_data.duplicates import ExactDuplicates, NearDuplicates
from qlora_gov_data.similarity import Similarity
from qlora_gov_data.texts import Comparison

Chat = Callable[..., Example]
Verdicts = Callable[..., list[str | None]]
EXACT = ExactDuplicates(Comparison())
LONG = "Thanks for getting in touch. Open the app, choose Cards, then Freeze card, and a new card arrives in five days."


def test_the_first_of_equal_conversations_stays(chat: Chat, verdicts: Verdicts) -> None:
    rows = [chat("Why?", "Because."), chat("Who?", "Me."), chat(" why?\n", "BECAUSE."), chat("Why?", "Because.")]
    assert verdicts(EXACT, rows) == [None, None, "exact duplicate", "exact duplicate"]


def test_another_role_turn_or_system_prompt_is_another_conversation(chat: Chat, verdicts: Verdicts) -> None:
    plain = chat("Why?", "Because.")
    swapped = plain.with_messages((Message(role="tool", content="Why?"), plain.messages[1]))
    split = chat("Why?", "Because.", "Why?", "Because.")
    assert verdicts(EXACT, [plain, swapped, split, chat("Why?", "Because.", system="x")]) == [None] * 4


def test_which_conversations_stay_does_not_depend_on_the_order(chat: Chat, verdicts: Verdicts) -> None:
    rows = [chat(f"Question {number % 7}?", "Yes.") for number in range(20)]

    def kept(rows: list[Example]) -> set[str]:
        return {row.id for row, reason in zip(rows, verdicts(EXACT, rows), strict=True) if reason is None}

    assert len(kept(rows)) == 7
    assert kept(random.Random(3).sample(rows, k=20)) == kept(rows)


def test_a_nearly_equal_conversation_goes_and_a_different_one_stays(chat: Chat, verdicts: Verdicts) -> None:
    rows = [
        chat("I lost my only card last night, in a taxi on the long way home to Leeds.", LONG, system="Be kind."),
        chat("I lost my only card last night, in a taxi on the long way home to York.", LONG, system="Be quick."),
        chat("How much is a transfer?", "It is free of charge at every branch and in the app."),
    ]
    assert verdicts(NearDuplicates(Similarity()), rows) == [None, "near-duplicate", None]
    assert verdicts(NearDuplicates(Similarity(threshold=0.85)), rows) == [None, None, None]


def test_a_dropped_row_drops_no_further_ones(chat: Chat, verdicts: Verdicts) -> None:
    """A chain: each is near to the one before it, but the last is not near to the first, which stays."""
    words = [f"w{number}" for number in range(40)]
    rows = [chat(" ".join([*words[cut:], *(f"x{number}" for number in range(cut))]), "Yes.") for cut in (0, 3, 6)]

    assert verdicts(NearDuplicates(Similarity(threshold=0.7)), rows) == [None, "near-duplicate", None]
    assert verdicts(NearDuplicates(Similarity(threshold=0.7)), rows[1:]) == [None, "near-duplicate"]


def test_the_threshold_is_exact(chat: Chat, verdicts: Verdicts) -> None:
    """Ten words of which two differ: 8 shared of 12 in all, as the answer has none."""
    first = chat("a b c d e f g h i j", "...")
    second = chat("a b c d e f g h x y", "...")
    for threshold, reason in ((8 / 12, "near-duplicate"), (8 / 12 + 1e-9, None)):
        near = NearDuplicates(Similarity(threshold=threshold, shingle=1))
        assert verdicts(near, [first, second]) == [None, reason]


@pytest.mark.parametrize("component", [EXACT, NearDuplicates(Similarity())])
def test_of_nothing_nothing_goes(verdicts: Verdicts, component: ExactDuplicates | NearDuplicates) -> None:
    assert verdicts(component, []) == []


def test_one_answer_to_many_questions_makes_none_of_them_alike(chat: Chat, verdicts: Verdicts) -> None:
    questions = ["Where is my transfer?", "My card has not come.", "How do I top up?", "Where is my transfer now?"]
    reasons = verdicts(NearDuplicates(Similarity(threshold=0.5, shingle=2)), [chat(one, LONG) for one in questions])
    assert reasons == [None, None, None, "near-duplicate"]


def test_another_answer_to_the_same_question_is_no_duplicate(chat: Chat, verdicts: Verdicts) -> None:
    rows = [chat("Where is my transfer?", LONG), chat("Where is my transfer?", "It was refused by the other bank.")]
    assert verdicts(NearDuplicates(Similarity()), rows) == [None, None]


def test_prompts_that_say_nothing_are_compared_by_their_answers(chat: Chat, verdicts: Verdicts) -> None:
    rows = [chat("", LONG), chat("", f"{LONG} Bye."), chat("", "Something else altogether, as you see.")]
    assert verdicts(NearDuplicates(Similarity()), rows) == [None, "near-duplicate", None]


def test_what_a_row_was_dropped_for_is_told(chat: Chat) -> None:
    rows = [chat("a b c d e f g h i j", "..."), chat("a b c d e f g h x y", "...")]
    near = NearDuplicates(Similarity(threshold=0.5, shingle=1))
    drops = near.choose(["sha256:1", "sha256:2"], near.sketch(rows))
    assert drops == {1: Drop("near-duplicate", 8 / 12, "sha256:1")}


def test_texts_without_words_are_never_nearly_equal(chat: Chat, verdicts: Verdicts) -> None:
    assert verdicts(NearDuplicates(Similarity()), [chat("?!", "..."), chat("!?", "...")]) == [None, None]


@pytest.mark.parametrize(("invisible", "reason"), [("compared", None), ("passed_over", "exact duplicate")])
def test_rows_that_look_alike_are_alike_where_the_invisible_is_passed_over(
    chat: Chat, verdicts: Verdicts, invisible: Any, reason: str | None
) -> None:
    rows = [chat("Card lost", "Block it."), chat("Ca\u200brd lost", "Block\u00ad it.")]
    assert verdicts(ExactDuplicates(Comparison(invisible=invisible)), rows) == [None, reason]
    near = None if reason is None else "near-duplicate"
    assert verdicts(NearDuplicates(Similarity(invisible=invisible)), rows) == [None, near]


def test_pairs_are_the_same_where_their_rejected_answers_are(chat: Chat, verdicts: Verdicts) -> None:
    plain = chat("I lost my only card last night, in a taxi on the long way home to Leeds.", "Freeze it in the app.")
    rows = [plain, *(plain.model_copy(update={"rejected": said}) for said in ("No idea at all.", "no idea AT all."))]
    assert verdicts(EXACT, rows) == [None, None, "exact duplicate"]
    other = plain.model_copy(update={"rejected": "You should have taken better care of it, shouldn't you."})
    assert verdicts(NearDuplicates(Similarity()), [rows[1], rows[2], other]) == [None, "near-duplicate", None]
