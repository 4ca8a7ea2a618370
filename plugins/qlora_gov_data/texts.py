"""The texts of an example that filters compare."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable

from qlora_gov import Message


def normalised(text: str) -> str:
    """A text without differences of case, white space and Unicode compatibility (Unicode 16, D146)."""
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())


def dialogue(messages: Iterable[Message]) -> str:
    """What the user and the assistant said. A system turn is shared by many rows and would make them alike."""
    return "\n".join(message.content for message in messages if message.role in ("user", "assistant"))
