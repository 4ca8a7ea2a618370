"""Texts as their readers take them: digits of any script, spaces and dashes of any width, characters without any.

Recognisers look at a text as it stands and at its readings, so that none needs to know digits, spaces and dashes other
than those of ASCII, nor what HTML, keycaps and the wary write for one character.
"""

from __future__ import annotations

import html
import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

_CATEGORIES = {"Cf": "", "Pd": "-", "Zs": " "}
_SELECTORS = map(chr, (*range(0xFE00, 0xFE10), *range(0xE0100, 0xE01F0)))
# Characters that look like those of a category that they are not in: signs, fillers, joiners, selectors of variants.
_OTHERS = {
    "\u2800": " ",
    **dict.fromkeys("\u2043\u2212", "-"),
    **dict.fromkeys(("\u034f", "\u115f", "\u1160", "\u3164", "\uffa0", *_SELECTORS), ""),
}
# What stands for one character: an entity of HTML, a digit with marks on it such as a keycap, and the signs of an
# address spelled out in brackets, with the spaces around.
_SPELLED = {"at": "@", "dot": "."}
_WRITTEN = re.compile(
    r"(?P<entity>&(?:#\d{1,7}|#x[0-9a-f]{1,6}|[a-z][a-z0-9]{1,30});)"
    r"|(?P<digit>\d)[\ufe0e\ufe0f]?[\u0300-\u034e\u0350-\u036f\u20d0-\u20f0]+"
    r"|\s?[\[({<]\s?(?P<word>at|dot)\s?[\])}>]\s?",
    re.IGNORECASE,
)
# Slashes, underscores and tabs part cells, paths and names more often than groups of one number. Where no check digit
# tells, they count in these groups alone, next to no other: of a US social security or taxpayer number, of a telephone
# number of North America or a British patient, and behind the code of a country.
_GROUPS = (r"\d{3}S\d{2}S\d{4}", r"(?:1S)?\(?\d{3}\)?S\d{3}S\d{4}", r"\+\d{1,3}(?:S\(?\d+\)?)+")
_PARTED = tuple(
    re.compile(rf"(?<!\w)(?<!\d[.,{sign}])(?:{'|'.join(_GROUPS).replace('S', sign)})(?![.,{sign}]?\d)")
    for sign in "/_\t"
)

Placed = tuple[str, int, int]


@dataclass(frozen=True)
class Reading:
    """A text, and for each of its characters where what stands for it in the original starts and ends."""

    text: str
    starts: Sequence[int]
    ends: Sequence[int]

    def span(self, start: int, end: int) -> tuple[int, int]:
        """The original's span, with what cannot be seen within it."""
        return self.starts[start], self.ends[end - 1]


def readings_of(text: str) -> list[Reading]:
    """The text as it stands, and its readings that differ from that.

    What cannot be seen is left out in one, since it may stand within a word, and a space in another, since it may part
    two words. The text itself stays: where a dash of a sentence follows an address, a reading makes one word of both.
    """
    found = {text: Reading(text, range(len(text)), range(1, len(text) + 1))}
    for unseen in ("", " "):
        reading = _read(text, unseen)
        found.setdefault(reading.text, reading)
    return list(found.values())


def _read(text: str, unseen: str) -> Reading:
    kept = list(_kept(text, unseen))
    return Reading(
        _grouped("".join(seen for seen, _, _ in kept)), [start for _, start, _ in kept], [end for _, _, end in kept]
    )


def _kept(text: str, unseen: str) -> Iterator[Placed]:
    """What each character is read as, and its place; ``unseen`` for any number that cannot be seen."""
    before = "-"
    for character, start, end in _characters(text):
        seen = _seen(character)
        if seen or (unseen and before):
            yield seen or unseen, start, end
        before = seen


def _characters(text: str) -> Iterator[Placed]:
    """The characters of a text, and where each starts and ends in it."""
    at = 0
    for written in _WRITTEN.finditer(text):
        meant = _meant(written)
        if len(meant) == 1:
            yield from _each(text, at, written.start())
            yield meant, written.start(), written.end()
            at = written.end()
    yield from _each(text, at, len(text))


def _each(text: str, start: int, end: int) -> Iterator[Placed]:
    return ((text[at], at, at + 1) for at in range(start, end))


def _meant(written: re.Match[str]) -> str:
    """What is written for one character; an entity that HTML does not know stays as it is."""
    if written["entity"]:
        return html.unescape(written["entity"])
    return written["digit"] or _SPELLED[written["word"].lower()]


@lru_cache(maxsize=4096)
def _seen(character: str) -> str:
    """The character of ASCII that one is read as, or itself; empty where there is nothing to see."""
    category = unicodedata.category(character)
    read = _OTHERS.get(character, _CATEGORIES.get(category))
    if read is not None:
        return read
    if category == "Nd":
        return str(unicodedata.decimal(character))
    plain = unicodedata.normalize("NFKC", character)
    return plain if len(plain) == 1 and plain.isascii() else character


def _grouped(text: str) -> str:
    """With dashes for the slashes, underscores and tabs between groups of one number."""
    for parted in _PARTED:
        text = parted.sub(lambda number: re.sub(r"[/_\t]", "-", number.group()), text)
    return text
