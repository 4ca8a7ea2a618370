"""Small components, and what stages need around them."""

from __future__ import annotations

from typing import Any

from qlora_gov.records import Base, Component, DatasetVersion, Environment
from qlora_gov.records.example import Example, Message

HERE = Environment(python="3", platform="p", device="cpu", threads=1, packages={}, git_commit=None, git_dirty=None)
BASE = Base(reference="tiny", source="directory", files={"model": "sha256:1"}, architecture="Tiny", licence=None)
DATASET = DatasetVersion(role="evaluation", sources=(), steps=(), rows=0, groups=0, mix={}, digest="sha256:2")


class Quiet:
    """Progress that remembers how far it came."""

    def __init__(self) -> None:
        self.total = self.done = 0

    def begin(self, label: str, total: int) -> None:
        self.total, self.done = total, 0

    def tell(self, line: str) -> None: ...

    def advance(self, units: int = 1, note: str = "") -> None:
        self.done += units


def component(name: str, **settings: Any) -> Component:
    return Component(name=f"toys/{name}", distribution="toys", version="1", source="sha256:0", settings=settings)


def example(question: str, answer: str = "Yes.", **fields: Any) -> Example:
    messages = (Message(role="user", content=question), Message(role="assistant", content=answer))
    return Example(**{"messages": messages, "group": question, "source": f"file:{question}"} | fields)


def examples(count: int) -> list[Example]:
    """Examples of growing length, longest first."""
    return [
        example("?" * (count - n), f"Answer {n}.", group=f"g{n // 2}", source=f"file:{n + 1}") for n in range(count)
    ]
