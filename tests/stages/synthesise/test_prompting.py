"""What a synthesiser is trusted with, and what of its results is no row."""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Any

import pytest

from qlora_gov import Drop, Message, Prompt
from qlora_gov.errors import DataError, PluginError
from qlora_gov.stages.synthesise.prompting import BLANK, EMPTY, ENDED, SILENT, UNFIT
from tests.conftest import ROOT
from tests.docs.markdown import blocks_of
from tests.stages.synthesise.conftest import Echo, Start, no_key
from tests.support.endpoint import Server, completion


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (completion("Ye", finish="length"), ENDED["length"]),
        (completion("Ye", finish="content_filter"), ENDED["content_filter"]),
        (completion(None), SILENT),
        (completion("  "), SILENT),
        (completion("nothing"), EMPTY),
        (completion("drop"), "not wanted"),
        (completion("odd"), "cannot be read"),
        (completion("blank"), BLANK),
        (completion("half"), UNFIT),
        (completion("question"), UNFIT),
    ],
)
def test_an_answer_that_is_no_row_is_refused_and_kept(
    server: Server, start: Start, body: dict[str, Any], reason: str
) -> None:
    class Picky(Echo):
        def rows(self, prompt: Prompt, answer: str) -> list[Any]:
            (seed,) = prompt.parents
            question, reference = seed.messages
            match answer:
                case "nothing":
                    return []
                case "drop":
                    return [Drop("not wanted")]
                case "odd":
                    raise DataError("cannot be read")
                case "blank":
                    return [seed.with_messages((question, Message(role="assistant", content=" ")))]
                case "half":
                    half = Message.model_construct(role="assistant", content="\ud83d")
                    return [seed.with_messages((question, half))]
                case "question":
                    return [seed.with_messages((reference, question))]
            return super().rows(prompt, answer)

    server.answer = lambda said: body if "0" in said["messages"][0]["content"] else "Yes."
    making = start(2, synthesiser=Picky())
    making.ask(no_key)
    assert making.told["refused"] == {reason: 1}
    assert len(making.rows) == 1
    assert start(2, synthesiser=Picky()).ask(no_key).requests == 0


def test_rows_can_be_made_anew_of_answers_that_were_had(server: Server, start: Start) -> None:
    class Broken(Echo):
        def rows(self, prompt: Prompt, answer: str) -> list[Any]:
            raise KeyError("variants")

    with pytest.raises(PluginError, match=r"test/echo raised KeyError: 'variants'"):
        start(1, synthesiser=Broken()).ask(no_key)
    mended = start(1)
    assert mended.ask(no_key).requests == 0
    assert len(mended.rows) == len(server.asked) == 1


class Changing(Echo):
    def prompts(self, seeds: Any, draw: random.Random) -> Iterator[Prompt]:
        seeds[0].extra["seen"] = True
        return super().prompts(seeds, draw)


class Foreign(Echo):
    def prompts(self, seeds: Any, draw: random.Random) -> Iterator[Prompt]:
        made_up = seeds[0].with_messages((Message(role="assistant", content="made up"),))
        yield Prompt(seeds[0].messages[:1], (made_up,))


class Orphaned(Echo):
    def prompts(self, seeds: Any, draw: random.Random) -> Iterator[Prompt]:
        yield Prompt(seeds[0].messages[:1], ())


class Loose(Echo):
    def prompts(self, seeds: Any, draw: random.Random) -> Iterator[Prompt]:
        yield Prompt(({"role": "user", "content": "Hi"},), (seeds[0],))  # type: ignore[arg-type]


class Half(Echo):
    def prompts(self, seeds: Any, draw: random.Random) -> Iterator[Prompt]:
        yield Prompt((Message.model_construct(role="user", content="\ud83d"),), (seeds[0],))


class Nameless(Echo):
    def template(self) -> str:
        return " "


@pytest.mark.parametrize(
    ("synthesiser", "said"),
    [
        (Changing(), "changed a row in place, first s:0"),
        (Foreign(), "made a prompt of a row that is none of its seeds"),
        (Orphaned(), "not a Prompt with messages and parents"),
        (Loose(), "not a Prompt with messages and parents"),
        (Half(), "made a prompt that cannot be sent"),
        (Nameless(), "as its template, not a text"),
    ],
)
def test_a_synthesiser_that_breaks_its_promise_is_named(start: Start, synthesiser: Any, said: str) -> None:
    with pytest.raises(PluginError, match=f"test/echo .*{said}"):
        start(2, synthesiser=synthesiser)


def test_what_is_drawn_is_drawn_alike(start: Start) -> None:
    class Drawing(Echo):
        def prompts(self, seeds: Any, draw: random.Random) -> Iterator[Prompt]:
            yield from super().prompts(draw.sample(seeds, 3), draw)

    keys = [request.key for request in start(9, synthesiser=Drawing()).requests]
    assert keys == [request.key for request in start(9, synthesiser=Drawing()).requests]
    assert keys != [request.key for request in start(9).requests[:3]]


def test_the_documented_synthesiser_makes_rows(server: Server, start: Start) -> None:
    (block,) = (one for one in blocks_of(ROOT / "docs" / "data.md") if "class FollowUps" in one.text)
    namespace: dict[str, Any] = {}
    exec(compile(block.text, str(block), "exec", dont_inherit=True), namespace)
    (spec,) = namespace["qlora_gov_synthesisers"]()
    server.answer = lambda body: "And then?\n\nNothing." if "Question 0" in body["messages"][0]["content"] else "No."
    making = start(2, synthesiser=spec.factory())
    making.ask(no_key)
    assert [[turn.content for turn in row.messages] for row in making.rows] == [
        ["Question 0?", "Yes.", "And then?", "Nothing."]
    ]
    assert making.told["refused"] == {"no empty line": 1}
