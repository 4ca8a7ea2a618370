"""Text from people, data and plugins, made fit to be shown: it is taken for hostile."""

from __future__ import annotations

import re
import unicodedata

LIMIT = 2_000
"""Characters of one text that a report shows; how many it leaves out is said in their place."""


_SPACE = re.compile(r"\s+")


_JOINERS = "\u200c\u200d"  # invisible, but Persian, Indic scripts and emoji cannot be spelt without them


def one_line(text: str) -> str:
    """Text on one line: white space collapsed, control and bidirectional characters named, length limited."""
    shown = "".join(_visible(character) for character in _SPACE.sub(" ", text[:LIMIT]))
    left_out = len(text) - LIMIT
    return shown if left_out <= 0 else f"{shown} … ({left_out:,} more characters)"


def _visible(character: str) -> str:
    hidden = unicodedata.category(character) in ("Cc", "Cf", "Cs") and character not in _JOINERS
    return f"{{U+{ord(character):04X}}}" if hidden else character
