"""Where words begin and end, for what must not cut them."""

from __future__ import annotations

import unicodedata
from bisect import bisect_right

# Scripts that put no space between words: Thai and Lao, Burmese, Khmer, kana, and ideographs. Nobody can tell where a
# word ends there without a dictionary, so that a span may end anywhere among them, and next to letters of others.
_UNSPACED = (
    (0x0E00, 0x0EFF), (0x1000, 0x109F), (0x1780, 0x17FF), (0x3040, 0x30FF), (0x31F0, 0x31FF), (0x3400, 0x4DBF),
    (0x4E00, 0x9FFF), (0xF900, 0xFAFF), (0xFF66, 0xFF9F), (0x20000, 0x3FFFF),
)  # fmt: skip
_FIRST = [first for first, _ in _UNSPACED]


def widened(text: str, start: int, end: int) -> tuple[int, int]:
    """The span of characters with the rest of the words that it begins and ends in."""
    while 0 < start < len(text) and joined(text[start - 1], text[start]):
        start -= 1
    while 0 < end < len(text) and joined(text[end - 1], text[end]):
        end += 1
    return start, end


def joined(before: str, after: str) -> bool:
    """Whether two characters that stand side by side are of one word."""
    return _in_word(before) and _in_word(after)


def _in_word(character: str) -> bool:
    """Letters, digits, underscores, and the marks that are set upon letters."""
    if not (character.isalnum() or character == "_" or unicodedata.category(character).startswith("M")):
        return False
    at = bisect_right(_FIRST, ord(character)) - 1
    return at < 0 or ord(character) > _UNSPACED[at][1]
