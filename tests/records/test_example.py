from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from qlora_gov.records.example import Example, Message


def example(*turns: tuple[str, str], **fields: Any) -> Example:
    messages = tuple(Message(role=role, content=content) for role, content in turns)  # type: ignore[arg-type]
    return Example(**{"group": "g", "source": "file:1", "messages": messages} | fields)


CHAT = (("system", "Be brief."), ("user", "One?"), ("assistant", "1."), ("user", "Two?"), ("assistant", "2."))


def test_the_last_turn_is_the_reference() -> None:
    chat = example(*CHAT)
    assert [message.content for message in chat.prompt] == ["Be brief.", "One?", "1.", "Two?"]
    assert (chat.reference, chat.question) == ("2.", "Two?")
    assert example(("assistant", "Hello.")).question == ""


def test_the_id_is_of_the_conversation_alone() -> None:
    chat = example(*CHAT)
    assert chat.id == example(*CHAT, group="other", source="elsewhere", intent="count", extra={"n": 1}).id
    assert chat.id != example(*CHAT[:3]).id
    assert chat.id != example(("user", "Be brief."), *CHAT[1:]).id


def test_other_text_has_another_id() -> None:
    chat = example(*CHAT, intent="count")
    first = chat.id  # asked for before the change, as a filter for duplicates does
    other = chat.with_messages((*chat.prompt, Message(role="assistant", content="[redacted]")))
    assert other.id == example(*CHAT[:4], ("assistant", "[redacted]")).id != first
    assert (other.intent, other.group, other.source) == (chat.intent, chat.group, chat.source)


def test_a_rejected_answer_makes_another_row_and_stays_with_other_text() -> None:
    plain, pair = example(*CHAT), example(*CHAT, rejected="3.")
    assert (plain.turns[-1], pair.turns[-1]) == (
        {"role": "assistant", "content": "2."},
        {"role": "assistant", "content": "2.", "rejected": "3."},
    )
    assert len({plain.id, pair.id, example(*CHAT, rejected="4.").id}) == 3
    assert plain.texts == tuple(content for _, content in CHAT)
    assert pair.texts == (*plain.texts, "3.")
    assert pair.with_texts([text.upper() for text in pair.texts]).texts == tuple(map(str.upper, pair.texts))
    assert plain.with_texts(plain.texts) == plain
    changed = (Message(role="user", content="!"), *pair.messages[1:])
    assert pair.with_messages(changed).rejected == "3."
    more = (*pair.messages, *pair.messages[-2:])
    assert pair.with_messages(more).rejected is None, "it answered an earlier turn"


@pytest.mark.parametrize(
    "fields",
    [
        {"rejected": ""},
        {"messages": ()},
        {"messages": ({"role": "bot", "content": "Hi."},)},
        {"intnet": "count"},
        {"group": None},
    ],
    ids=str,
)
def test_what_is_no_example_is_refused(fields: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        example(*CHAT, **fields)


def test_an_example_cannot_be_changed() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        example(*CHAT).group = "other"  # type: ignore[misc]
