"""Examples: one row of training or evaluation data, as components see it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from qlora_gov.canonical import content_id

Role = Literal["system", "user", "assistant", "tool"]


class Message(BaseModel):
    """One turn of a conversation, with its role said explicitly."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    role: Role
    content: str


class Example(BaseModel):
    """A conversation that ends in an assistant turn: the target in training, the reference in evaluation.

    Rows that share a source (paraphrases of one question, turns of one chat) share a ``group`` and count as one
    cluster. Keys that are not named here are kept in ``extra``. A preference pair has a ``rejected`` answer, too, to
    which people preferred the last turn.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")
    messages: tuple[Message, ...] = Field(min_length=1)
    group: str
    provenance: str | None = None
    intent: str | None = None
    language: str | None = None
    extra: Mapping[str, Any] = Field(default_factory=dict)
    rejected: str | None = Field(default=None, min_length=1, description="another answer, which was not preferred")
    source: str = Field(description="file name and line, or another address within the source")

    @property
    def id(self) -> str:
        """The digest of the conversation, wherever it came from."""
        return content_id(self.turns)

    @property
    def turns(self) -> list[dict[str, str]]:
        """The conversation as it is recorded: roles and contents; the last turn holds the rejected answer, too."""
        turns: list[dict[str, str]] = [message.model_dump() for message in self.messages]
        return turns if self.rejected is None else [*turns[:-1], {**turns[-1], "rejected": self.rejected}]

    @property
    def texts(self) -> tuple[str, ...]:
        """The text of each turn, and then the rejected answer of a preference pair."""
        contents = tuple(message.content for message in self.messages)
        return contents if self.rejected is None else (*contents, self.rejected)

    @property
    def prompt(self) -> tuple[Message, ...]:
        """All turns before the last one."""
        return self.messages[:-1]

    @property
    def reference(self) -> str:
        """The text of the last, assistant turn."""
        return self.messages[-1].content

    @property
    def question(self) -> str:
        """The text of the last user turn, or nothing."""
        return next((m.content for m in reversed(self.prompt) if m.role == "user"), "")

    def with_messages(self, messages: tuple[Message, ...]) -> Example:
        """The same example with other text. A rejected answer stays as it is, unless the turns are more or fewer."""
        rejected = self.rejected if len(messages) == len(self.messages) else None
        return self.model_copy(update={"messages": messages, "rejected": rejected})

    def with_texts(self, texts: Sequence[str]) -> Example:
        """The same example with other :attr:`texts`, one for each of its own."""
        count = len(self.messages)
        turns = zip(self.messages, texts[:count], strict=True)
        messages = tuple(Message(role=message.role, content=text) for message, text in turns)
        rejected = None if self.rejected is None else texts[count]
        return self.model_copy(update={"messages": messages, "rejected": rejected})
