"""The texts of an example that filters compare."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from typing import Literal

from pydantic import Field

from qlora_gov import Message, Settings

Invisible = Literal["compared", "passed_over"]

_IGNORABLE = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff"
    "\uffa0\ufff0-\ufff8\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff]"
)
"""Code points that a reader does not see (Default_Ignorable_Code_Point of Unicode 16, DerivedCoreProperties.txt)."""


class Comparison(Settings):
    """What makes two texts differ."""

    invisible: Invisible = Field(
        default="compared",
        description="characters that nobody sees, such as a zero-width space or a soft hyphen: compared tells texts "
        "apart by them; a project of schema 2 that does not say has passed_over",
    )


def normalised(text: str, invisible: Invisible = "compared") -> str:
    """A text without differences of case, white space and Unicode compatibility (Unicode 16, D146).

    Where they are passed over, without invisible characters, too, as NFKC_Casefold has it.
    """
    if invisible == "passed_over":
        text = unicodedata.normalize("NFKC", _IGNORABLE.sub("", unicodedata.normalize("NFD", text).casefold()))
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())


def squeezed(text: str, invisible: Invisible = "compared") -> str:
    """The letters and digits of a normalised text alone: punctuation and spaces tell no two texts apart.

    Of a text that has none, what it has.
    """
    plain = normalised(text, invisible)
    return "".join(filter(str.isalnum, plain)) or plain


def dialogue(messages: Iterable[Message]) -> str:
    """What the user and the assistant said. A system turn is shared by many rows and would make them alike."""
    return "\n".join(message.content for message in messages if message.role in ("user", "assistant"))
