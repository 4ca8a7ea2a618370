from __future__ import annotations

from typing import Any

import pytest

from qlora_gov import DataError, Message
from qlora_gov_data.rows import example_of, read_examples

USER = {"role": "user", "content": "Where is my card?"}
ANSWER = {"role": "assistant", "content": "On its way."}
TALK = [USER, ANSWER]


def test_every_key_finds_its_place() -> None:
    row = {
        "messages": [{"role": "system", "content": "Be kind."}, *TALK],
        "group": "card-1",
        "provenance": "human",
        "intent": "card",
        "language": "en",
        "id": 7,
        "tags": ["a", {"b": 0.5}],
    }
    example = example_of(row, "train.jsonl:17")

    assert example.messages == (Message(role="system", content="Be kind."), Message(**USER), Message(**ANSWER))
    assert (example.group, example.provenance, example.intent, example.language) == ("card-1", "human", "card", "en")
    assert example.extra == {"id": 7, "tags": ["a", {"b": 0.5}]}
    assert example.source == "train.jsonl:17"


def test_a_pair_is_a_conversation_of_two_turns_and_groups_with_its_like() -> None:
    pair = example_of({"prompt": USER["content"], "response": ANSWER["content"], "topic": "card"}, "a:1")
    talk = example_of({"messages": TALK}, "b:2")

    assert pair.messages == talk.messages
    assert pair.extra == {"topic": "card"}
    assert pair.group == talk.group == talk.id


def test_messages_win_over_a_pair_which_is_kept() -> None:
    assert example_of({"messages": TALK, "prompt": "raw"}, "a:1").extra == {"prompt": "raw"}


def test_a_null_is_an_absent_key() -> None:
    turns = [{**USER, "name": None}, ANSWER]
    row = {"messages": turns, "group": None, "intent": None, "planted": None, "prompt": None}

    assert example_of(row, "a:1") == example_of({"messages": TALK}, "a:1")


@pytest.mark.parametrize(
    ("row", "message"),
    [
        (["messages"], "not an object with 'messages' or with 'prompt' and 'response'"),
        (None, "not an object with 'messages' or with 'prompt' and 'response'"),
        ({"text": "x"}, "no 'messages', and no 'prompt' with 'response'"),
        ({"messages": None}, "no 'messages', and no 'prompt' with 'response'"),
        ({"prompt": "x"}, "no 'response'; a row without 'messages' needs 'prompt' and 'response'"),
        ({"response": "x"}, "no 'prompt'; a row without 'messages' needs 'prompt' and 'response'"),
        ({"messages": []}, "'messages' must be a list of one turn or more"),
        ({"messages": "hello"}, "'messages' must be a list of one turn or more"),
        ({"messages": ["hello"]}, "messages.0: input should be a valid dictionary or instance of Message, not 'hello'"),
        (
            {"messages": [USER, {"role": "bot", "content": "x"}]},
            "messages.1.role: input should be 'system', 'user', 'assistant' or 'tool', not 'bot'",
        ),
        ({"messages": [{"content": "x"}, ANSWER]}, "messages.0.role: field required"),
        ({"messages": [USER, {"role": "assistant", "content": None}]}, "messages.1.content: field required"),
        (
            {"messages": [USER, {"role": "assistant", "content": 3}]},
            "messages.1.content: input should be a valid string, not 3",
        ),
        ({"messages": [USER, {**ANSWER, "tool_calls": []}]}, "messages.1.tool_calls: extra inputs are not permitted"),
        ({"messages": [USER]}, "no assistant turn; there is nothing to learn from or to compare with"),
        ({"messages": [*TALK, USER]}, "ends in a turn of the role 'user'; the last turn must be the assistant's"),
        ({"messages": [USER, {"role": "assistant", "content": " \n"}]}, "messages.1: the assistant's turn is empty"),
        (
            {"messages": [USER, {"role": "assistant", "content": ""}, USER, ANSWER]},
            "messages.1: the assistant's turn is empty",
        ),
        ({"prompt": "x", "response": ""}, "messages.1: the assistant's turn is empty"),
        ({"messages": TALK, "group": 12}, "group: input should be a valid string, not 12"),
        ({"messages": TALK, "group": ""}, "group is empty; leave the key out of a row that belongs to none"),
        ({"messages": TALK, "intent": ["a"]}, "intent: input should be a valid string"),
        ({"messages": TALK, "score": float("nan")}, "key 'score' cannot be recorded: nan is not representable in JCS"),
        ({"messages": TALK, "n": 2**60}, "key 'n' cannot be recorded: 1152921504606846976 exceeds safe integer domain"),
        ({"messages": TALK, "raw": b"x"}, "key 'raw' cannot be recorded: unsupported type"),
        ({"messages": TALK, "\ud83d": 1}, r"key '\ud83d' cannot be recorded"),
        ({"prompt": "half a smile: \ud83d", "response": "x"}, "key 'prompt' cannot be recorded"),
    ],
)
def test_what_is_no_example_is_named_with_its_address(row: Any, message: str) -> None:
    with pytest.raises(DataError) as caught:
        example_of(row, "train.jsonl:17")
    assert str(caught.value).startswith(f"train.jsonl:17: {message}")
    assert "\n" not in str(caught.value)
    str(caught.value).encode()  # can be printed


def test_a_long_value_is_cut_in_the_error() -> None:
    with pytest.raises(DataError) as caught:
        example_of({"messages": [{"role": "x" * 10_000, "content": ""}]}, "a:1")
    assert len(str(caught.value)) < 200


def test_rows_are_read_lazily_and_told_by_their_address() -> None:
    examples = read_examples("faq", iter([("faq:3", {"messages": TALK}), ("faq:5", "no row")]))

    assert next(examples).source == "faq:3"
    with pytest.raises(DataError, match=r"^faq:5: not an object"):
        next(examples)


def test_a_source_without_rows_is_an_error() -> None:
    with pytest.raises(DataError, match=r"^faq: holds no examples$"):
        list(read_examples("faq", []))
