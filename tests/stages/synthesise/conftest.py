"""A real endpoint on loopback, asked through the real client."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from qlora_gov import Example, Message, Prompt
from qlora_gov.records.synthesis import Budget, Endpoint
from qlora_gov.stages.synthesise.journal import Journal
from qlora_gov.stages.synthesise.making import Making
from qlora_gov.stages.synthesise.prompting import Maker
from tests.support.endpoint import Server, serving

SOON = "0.01"
"""Seconds after which an endpoint asks to be asked again."""

Start = Callable[..., Making]


class Echo:
    """Asks for each seed, and takes the answer for another answer to it."""

    def template(self) -> str:
        return "Say it."

    def prompts(self, seeds: Any, draw: random.Random) -> Iterator[Prompt]:
        for seed in seeds:
            yield Prompt((Message(role="user", content=seed.question),), (seed,))

    def rows(self, prompt: Prompt, answer: str) -> list[Any]:
        (seed,) = prompt.parents
        return [seed.with_messages((seed.messages[0], Message(role="assistant", content=answer)))]


class Quiet:
    """A display that only counts."""

    def __init__(self) -> None:
        self.done, self.notes = 0, list[str]()

    def begin(self, label: str, total: int) -> None:
        self.done = 0

    def tell(self, line: str) -> None: ...

    def advance(self, units: int = 1, note: str = "") -> None:
        self.done += units
        self.notes.append(note)


def seeds(count: int) -> list[Example]:
    turns = [
        (Message(role="user", content=f"Question {at}?"), Message(role="assistant", content="Yes."))
        for at in range(count)
    ]
    return [
        Example(messages=two, group=f"g{at}", intent="asking", provenance="human", source=f"s:{at}")
        for at, two in enumerate(turns)
    ]


@pytest.fixture
def server() -> Iterator[Server]:
    with serving() as server:
        server.answer = lambda body: f"Well: {body['messages'][0]['content']}"
        yield server


@pytest.fixture
def start(server: Server, tmp_path: Path) -> Start:
    def making(count: int = 6, budget: Budget | None = None, synthesiser: Any = None, **settings: Any) -> Making:
        said: dict[str, Any] = {"url": server.url, "model": "some-8b", "timeout": 5, "parameters": {"max_tokens": 50}}
        endpoint = Endpoint(**said | settings)
        maker = Maker.of("test/echo", synthesiser or Echo())
        requests = maker.requests(seeds(count), 0, endpoint)
        return Making(maker, requests, endpoint, budget or Budget(), Journal(tmp_path / "journal.jsonl"), Quiet())

    return making


def no_key() -> None:
    """What an endpoint gets that asks for no key."""


def asked(server: Server) -> list[str]:
    return [body["messages"][0]["content"] for body in server.asked]
