"""Logs of chats as people export them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from qlora_gov import DataError, Example
from qlora_gov_data.transcripts import Transcripts, TranscriptSettings

SPEAKERS = {"Agent": "assistant", "Customer": "user"}
TALK = [("user", "Where is my card?"), ("assistant", "On its way.")]


@pytest.fixture
def read(tmp_path: Path) -> Any:
    def reading(*files: str, **settings: Any) -> list[Example]:
        for number, text in enumerate(files, start=1):
            (tmp_path / "chats").mkdir(exist_ok=True)
            (tmp_path / "chats" / f"{number}.txt").write_bytes(text.encode())
        given = {"path": "chats", "speakers": SPEAKERS, **settings}
        source = Transcripts(TranscriptSettings.model_validate(given, context={"root": tmp_path}))
        return list(source.read())

    return reading


def turns(example: Example) -> list[tuple[str, str]]:
    return [(message.role, message.content) for message in example.messages]


@pytest.mark.parametrize(
    "log",
    [
        "Customer: Where is my card?\nAgent: On its way.\n",
        "\ufeffCustomer:Where is my card?\r\nAgent:  On its way.\r\n",
        "[10:02] Customer: Where is my card?\n[10:03] Agent: On its way.\n",
        "(10:02:33 AM) Customer: Where is my card?\n(10:03:01 AM) Agent: On its way.\n",
        "Customer (10:02): Where is my card?\nAgent (10:03): On its way.\n",
        "2025-03-01 10:02:33 Customer: Where is my card?\n2025-03-01 10:03:01 Agent: On its way.\n",
        "[2025-03-01T10:02:33Z] Customer: Where is my card?\n[2025-03-01T10:03:01Z] Agent: On its way.\n",
        # WhatsApp on Android, in two places of the world, and on iOS
        "3/1/25, 10:02\u202fPM - Messages are end-to-end encrypted.\n"
        "3/1/25, 10:02\u202fPM - Customer: Where is my card?\n3/1/25, 10:03\u202fPM - Agent: On its way.\n",
        "01.03.25, 22:02 - Customer: Where is my card?\n01.03.25, 22:03 – Agent: On its way.\n",
        "[01/03/2025, 22:02:10] Customer: Where is my card?\n"
        "\u200e[01/03/2025, 22:03:00] \u202aAgent\u202c: On its way.\n",
    ],
)
def test_a_line_begins_a_turn_with_or_without_the_time(read: Any, log: str) -> None:
    (chat,) = read(log)
    assert turns(chat) == TALK


def test_a_turn_goes_on_over_lines_and_turns_of_one_role_are_one(read: Any) -> None:
    log = (
        "Customer: Hello.\nCustomer: My card\n\n  is gone: where is it?\nAgent: Here are the steps:\n"
        "1. Open https://example.com: it is safe.\nhttps://example.com/help\nSecond agent: Done.\n"
    )
    (chat,) = read(log, speakers={**SPEAKERS, "Second agent": "assistant"})
    assert turns(chat) == [
        ("user", "Hello.\nMy card\n\n  is gone: where is it?"),
        (
            "assistant",
            "Here are the steps:\n1. Open https://example.com: it is safe.\nhttps://example.com/help\nDone.",
        ),
    ]


def test_where_the_first_line_has_a_time_only_lines_with_one_begin_a_turn(read: Any) -> None:
    (chat,) = read("[10:02] Customer: Note:\nAgent: is a name in my question\n[10:03] Agent: I see.\n")
    assert turns(chat) == [("user", "Note:\nAgent: is a name in my question"), ("assistant", "I see.")]


def test_what_follows_the_last_answer_is_left_out_and_counted(read: Any) -> None:
    chat, whole = read(
        "Customer: Where is my card?\nAgent: On its way.\nCustomer: Thanks.\nBot: Rate us.\nCustomer: No.\n",
        "Customer: Where is my card?\nAgent: On its way.\n",
        speakers={**SPEAKERS, "Bot": "system"},
    )
    assert turns(chat) == turns(whole) == TALK
    assert (chat.extra, whole.extra) == ({"cut_turns": 3}, {})


def test_who_is_nobody_is_left_out_and_all_others_may_have_a_role(read: Any) -> None:
    log = "System: Ann joins.\nwith a second line\nAnn Lee: Where is my card?\nAgent: On its way.\n"
    (chat,) = read(log, speakers={"Agent": "assistant", "System": None, "*": "user"})
    assert turns(chat) == TALK


@pytest.mark.parametrize(
    ("separator", "between"), [("---", "\n  ---  \n\n"), ("", "\n\n\n"), ("=== end ===", "=== end ===\n")]
)
def test_conversations_of_one_file_are_parted_by_a_line(read: Any, separator: str, between: str) -> None:
    talk = "Customer: Where is my card?\nAgent: On its way.\n"
    chats = read(between + talk + between + talk + between, separator=separator)
    assert [turns(chat) for chat in chats] == [TALK, TALK]
    first = between.count("\n") + 1
    assert [chat.source for chat in chats] == [
        f"chats/1.txt:{first}",
        f"chats/1.txt:{first + 2 + between.count(chr(10))}",
    ]
    assert chats[0].group == chats[1].group == chats[0].id


def test_every_fault_is_told_with_its_file_and_line(read: Any) -> None:
    with pytest.raises(DataError) as caught:
        read(
            "Customer: Hello\nSupervisor: What is it?\nAgent: Hm.\n",
            "Chat of Monday\nCustomer: Hello\nAgent: Hm.\n",
            "Customer: Hello?\n",
            "Customer: Hello?\nAgent:\n",
            "Customer: Hello?\nAgent: Yes.\n",
        )
    assert caught.value.lines == (
        "chats/1.txt:2: nobody is known as 'Supervisor'; add the name to speakers, with a role or null, or begin the "
        "line with a space where a turn goes on",
        "chats/2.txt:1: nobody speaks yet; a turn begins with a name: Agent, Customer",
        "chats/3.txt:1: no assistant turn; there is nothing to learn from or to compare with",
        "chats/4.txt:1: messages.1: the assistant's turn is empty",
    )


@pytest.mark.parametrize("name", ["Agnet", "note", "客服", "Anna van Dyck", "Live Chat 2", "O'Neil"])
def test_whoever_may_be_a_speaker_is_not_taken_for_text(read: Any, name: str) -> None:
    with pytest.raises(DataError, match=f"chats/1.txt:2: nobody is known as {name!r}"):
        read(f"Customer: Hello\n{name}: What is it?\nAgent: Hm.\n")


def test_conversations_without_an_answer_may_be_left_out(read: Any) -> None:
    (chat,) = read("Customer: Hello?\n", "Customer: Where is my card?\nAgent: On its way.\n", unanswered="left_out")
    assert turns(chat) == TALK


def test_a_log_without_conversations_is_told(read: Any) -> None:
    with pytest.raises(DataError, match=r"^chats: holds no examples$"):
        read("\n \n")


@pytest.mark.parametrize(
    ("speakers", "said"),
    [({"Customer": "user"}, "nobody is the assistant; name who answers"), ({"Agent": "bot"}, "'assistant' or 'tool'")],
)
def test_a_map_of_speakers_names_who_answers(read: Any, speakers: dict[str, str], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        read("Customer: Hello?\n", speakers=speakers)
