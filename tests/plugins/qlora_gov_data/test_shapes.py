from __future__ import annotations

from typing import Any

import pytest

from qlora_gov import DataError
from qlora_gov_data.rows import RowSettings, example_of

TALK = [("user", "Where is my card?"), ("assistant", "On its way.")]
SYSTEM = ("system", "Be kind.")
USER, ANSWER = ({"role": role, "content": content} for role, content in TALK)


def turns(row: Any, **settings: Any) -> list[tuple[str, str]]:
    example = example_of(row, "a.jsonl:1", RowSettings.model_validate(settings))
    return [(message.role, message.content) for message in example.messages]


@pytest.mark.parametrize(
    ("shape", "row", "expected"),
    [
        ("messages", {"messages": [USER, ANSWER]}, TALK),
        ("prompt_response", {"prompt": TALK[0][1], "response": TALK[1][1]}, TALK),
        ("prompt_completion", {"prompt": TALK[0][1], "completion": TALK[1][1]}, TALK),
        ("prompt_completion", {"prompt": [USER], "completion": [ANSWER]}, TALK),
        ("alpaca", {"instruction": TALK[0][1], "input": "", "output": TALK[1][1]}, TALK),
        (
            "alpaca",
            {"instruction": "Add.", "input": "1, 2", "output": "3", "system": "Be kind.", "history": [["Hi", "Hello"]]},
            [SYSTEM, ("user", "Hi"), ("assistant", "Hello"), ("user", "Add.\n\n1, 2"), ("assistant", "3")],
        ),
        (
            "sharegpt",
            {"conversations": [{"from": "human", "value": TALK[0][1]}, {"from": "gpt", "value": TALK[1][1]}]},
            TALK,
        ),
        (
            "sharegpt",
            {
                "conversations": [
                    {"from": "system", "value": "Be kind."},
                    {"from": "user", "value": TALK[0][1], "weight": 1},
                    {"from": "assistant", "value": TALK[1][1]},
                ]
            },
            [SYSTEM, *TALK],
        ),
        (
            "openai",
            {
                "messages": [
                    {"role": "developer", "content": "Be kind."},
                    {
                        "role": "user",
                        "name": "Ann",
                        "content": [{"type": "text", "text": "Where is "}, {"type": "text", "text": "my card?"}],
                    },
                    {"role": "assistant", "content": "On its way.", "weight": 1, "tool_calls": []},
                ],
                "parallel_tool_calls": False,
            },
            [SYSTEM, *TALK],
        ),
    ],
)
def test_a_shape_is_taken_as_turns(shape: str, row: Any, expected: list[tuple[str, str]]) -> None:
    assert turns(row, shape=shape) == expected


def test_names_are_kept_and_so_is_whatever_else_a_row_holds() -> None:
    row = {"messages": [{**USER, "name": "Ann"}, ANSWER], "id": 7}
    assert example_of(row, "a:1", RowSettings(shape="openai")).extra == {"names": {"0": "Ann"}, "id": 7}


@pytest.mark.parametrize(
    ("row", "said"),
    [
        (
            {"instruction": "a", "output": "b"},
            "this looks like alpaca ('instruction' and 'output'); set 'shape: alpaca'",
        ),
        ({"conversations": []}, "this looks like sharegpt ('conversations'); set 'shape: sharegpt' in the source"),
        ({"prompt": "a", "completion": "b"}, "this looks like prompt_completion"),
        (
            {"messages": [{**USER, "name": "Ann"}, ANSWER]},
            "a turn holds more than 'role' and 'content'; set 'shape: openai'",
        ),
        ({"messages": [{"role": "user", "content": [{"type": "text", "text": "a"}]}, ANSWER]}, "set 'shape: openai'"),
    ],
)
def test_a_shape_that_is_not_named_is_recognised_and_not_guessed(row: Any, said: str) -> None:
    with pytest.raises(DataError) as caught:
        turns(row)
    assert said in str(caught.value)


@pytest.mark.parametrize(
    ("shape", "row", "said"),
    [
        ("alpaca", {"instruction": "a"}, "no 'output'; a row of the shape alpaca has 'instruction' and 'output'"),
        ("alpaca", {"instruction": 3, "output": "b"}, "'instruction' and 'input' must be texts"),
        ("alpaca", {"instruction": "a", "output": "b", "history": ["c"]}, "'history' must be a list of pairs"),
        ("sharegpt", {"conversations": "a"}, "'conversations' must be a list of one turn or more"),
        ("sharegpt", {"conversations": [{"value": "a"}]}, "conversations.0: not an object with 'from' and 'value'"),
        (
            "sharegpt",
            {"conversations": [{"from": "bot", "value": "a"}]},
            "conversations.0: nobody is known as 'bot'; known: h",
        ),
        ("openai", {"messages": [USER, {**ANSWER, "weight": 0}]}, "messages.1: weight 0: every turn of the assistant"),
        ("openai", {"messages": [USER, {"role": "assistant", "tool_calls": [{}]}]}, "messages.1: 'tool_calls': a turn"),
        ("openai", {"messages": [USER, ANSWER], "tools": [{}]}, "'tools' is nothing that a row here can hold"),
        (
            "openai",
            {"messages": [{"role": "user", "content": [{"type": "image_url", "image_url": {}}]}, ANSWER]},
            "messages.0: a part of the type 'image_url' is no text; leave such rows out",
        ),
        ("openai", {"messages": [USER, {"role": "assistant"}]}, "messages.1.content: input should be a valid string"),
    ],
)
def test_what_a_shape_cannot_keep_is_refused_by_name(shape: str, row: Any, said: str) -> None:
    with pytest.raises(DataError) as caught:
        turns(row, shape=shape)
    assert str(caught.value).startswith(f"a.jsonl:1: {said}")


def test_columns_may_be_called_otherwise() -> None:
    row = {"question": TALK[0][1], "reply": TALK[1][1], "topic": "card", "kind": "human"}
    columns = {"prompt": "question", "response": "reply", "intent": "topic", "provenance": "kind"}
    example = example_of(row, "a:1", RowSettings(columns=columns))
    assert [(message.role, message.content) for message in example.messages] == TALK
    assert (example.intent, example.provenance, example.extra) == ("card", "human", {})
    with pytest.raises(DataError, match="has a key 'prompt' of its own besides 'question', which 'columns' calls so"):
        example_of({**row, "prompt": "x"}, "a:1", RowSettings(columns=columns))
    swapped = RowSettings(columns={"prompt": "response", "response": "prompt"})
    assert turns({"prompt": "b", "response": "a"}, columns=dict(swapped.columns)) == [("user", "a"), ("assistant", "b")]
    with pytest.raises(ValueError, match="names one column twice"):
        RowSettings(columns={"prompt": "text", "response": "text"})


PAIR = {"prompt": TALK[0][1], "chosen": TALK[1][1], "rejected": "No idea."}
NO = {"role": "assistant", "content": "No idea."}


@pytest.mark.parametrize(
    "row",
    [
        PAIR,
        {"prompt": [USER], "chosen": [ANSWER], "rejected": [NO]},
        {"prompt": TALK[0][1], "chosen": [USER, ANSWER], "rejected": "No idea."},
        {"prompt": [USER], "chosen": [USER, ANSWER], "rejected": [USER, NO]},
        {"chosen": [USER, ANSWER], "rejected": [USER, NO]},
    ],
)
def test_a_preference_pair_holds_the_rejected_answer_besides(row: Any) -> None:
    found = example_of(row | {"score": 3}, "a.jsonl:1", RowSettings(shape="preference"))
    assert [(message.role, message.content) for message in found.messages] == TALK
    assert (found.rejected, found.extra, found.group) == ("No idea.", {"score": 3}, found.id)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"rejected": None}, "no 'rejected'; a row of the shape preference has 'chosen' and 'rejected'"),
        ({"rejected": " "}, "rejected: the answer is empty"),
        ({"rejected": 3}, "'rejected' is no text, and no list of turns that ends in the assistant's"),
        ({"rejected": []}, "'rejected' is no text, and no list of turns"),
        ({"rejected": [USER]}, "'rejected' is no text, and no list of turns"),
        ({"rejected": TALK[1][1]}, "'chosen' and 'rejected' are the same answer"),
        ({"rejected": [ANSWER, USER, NO]}, "'rejected' goes on from other turns than were asked; only its last turn"),
        ({"chosen": [NO, USER, ANSWER]}, "'chosen' goes on from other turns than were asked"),
        ({"chosen": []}, "no assistant turn"),
        ({"prompt": None}, "no 'prompt', and no turn in 'chosen' before the answer"),
    ],
)
def test_what_is_no_preference_pair_is_told(change: dict[str, Any], said: str) -> None:
    with pytest.raises(DataError) as caught:
        turns(PAIR | change, shape="preference")
    assert str(caught.value).startswith(f"a.jsonl:1: {said}")


def test_a_pair_is_recognised_and_a_key_of_that_name_alone_makes_none() -> None:
    with pytest.raises(DataError, match=r"this looks like preference \('chosen' and 'rejected'\); set 'shape: pref"):
        turns(PAIR)
    plain = example_of({"prompt": "a", "response": "b", "rejected": "c"}, "a:1")
    assert (plain.rejected, plain.extra) == (None, {"rejected": "c"})


EXPORTED = {"row": 3, "id": "sha256:1", "messages": [USER, ANSWER], "group": "g", "extra": '{"by":["Ann"],"n":1.5}'}


def test_what_data_export_wrote_is_what_it_was() -> None:
    found = example_of(EXPORTED, "rows.parquet:4", RowSettings(shape="exported"))
    assert [(message.role, message.content) for message in found.messages] == TALK
    assert (found.group, found.extra, found.rejected) == ("g", {"by": ["Ann"], "n": 1.5}, None)
    pair = {**EXPORTED, "rejected": "No idea.", "extra": '{"rejected":"kept"}'}
    found = example_of(pair, "rows.parquet:4", RowSettings(shape="exported"))
    assert (found.rejected, found.extra) == ("No idea.", {"rejected": "kept"})


@pytest.mark.parametrize(
    ("row", "shape", "what"),
    [
        (EXPORTED, None, "this looks like what 'data export' writes; set 'shape: exported' in the source"),
        ({"messages": [USER, ANSWER]}, "exported", "no 'row'"),
        (EXPORTED | {"extra": "[]"}, "exported", "'extra' must be an object, as JSON"),
        (EXPORTED | {"extra": "{"}, "exported", "Expecting property name"),
        (EXPORTED | {"extra": '{"n":NaN}'}, "exported", "nan"),
    ],
)
def test_what_it_did_not_write_is_told(row: dict[str, Any], shape: Any, what: str) -> None:
    with pytest.raises(DataError, match=r"^a\.parquet:1: ") as caught:
        example_of(row, "a.parquet:1", RowSettings(shape=shape))
    assert what in str(caught.value)
