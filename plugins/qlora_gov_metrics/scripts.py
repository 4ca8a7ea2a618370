"""Words of any language, and which scripts they are written in, by the Unicode Character Database of Python."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Callable
from functools import cache

UNSPACED = frozenset(
    {
        *("han", "hiragana", "katakana", "bopomofo", "yi", "tangut", "nushu"),
        *("thai", "lao", "khmer", "myanmar", "tibetan", "tai", "new", "javanese", "balinese"),
    }
)
"""Scripts that put no space between words, by the first word of their letters' Unicode names."""

MAY_LOSE = 1 / 20
"""A metric reads a text of whose words it loses no larger share than this.

On what it loses, an answer may say what it likes. One word in twenty is as much as the margin of 5% by which releases
are commonly judged. English with a name or a loanword loses less in 99 of 100 public answers; prose in the languages
that write more letters than a to z loses one word in ten, or more.
"""

_ALIASES = {"cjk": "han", "ideographic": "han", "katakana-hiragana": "katakana", "combining": "latin"}
_WIDTHS = {"fullwidth", "halfwidth"}
_ASCII_WORD = re.compile("[a-z0-9]+")


def words(text: str) -> list[str]:
    """The words of a text, lower-cased: of ASCII text the runs of letters and digits.

    A word is a run of letters, digits and marks; in a script without spaces each letter with its marks is one, and so
    is each emoji. What Unicode holds to be the same text is the same, such as a letter with its accent in one
    character or in two, or a full-width digit (NFKC, then case folding).
    """
    if text.isascii():
        return _ASCII_WORD.findall(text.lower())
    return _runs(unicodedata.normalize("NFKC", text).casefold())


def lost(text: str, keeps: Callable[[str], bool]) -> str | None:
    """The script of most words that a metric loses of a text, where it loses too many; None where it reads the text.

    ``keeps`` says whether the metric keeps a word, in lower case, whole. A text without words says nothing to it;
    symbols are not counted as words.
    """
    found = [word for word in _runs(text.lower()) if not _is_symbol(word[0])]
    if not found:
        return "no word"
    gone = [word for word in found if not keeps(word)]
    if len(gone) <= MAY_LOSE * len(found):
        return None
    script = Counter(map(_of_word, gone)).most_common(1)[0][0]
    return "latin letters beyond a to z" if script == "latin" else script


def shares(text: str) -> dict[str, float]:
    """The share of a text's words in each script; in scripts without spaces each letter is one. Nothing of ASCII."""
    found = Counter(map(_of_word, [] if text.isascii() else _runs(text)))
    return {script: count / found.total() for script, count in found.items()}


def _of_word(word: str) -> str:
    """The script of a word's first letter beyond ASCII, or else of its first."""
    return _script(next((char for char in word if not char.isascii()), word[0]))


@cache
def _script(char: str) -> str:
    names = unicodedata.name(char, "unnamed").lower().split()
    first = names[1] if names[0] in _WIDTHS and len(names) > 1 else names[0]
    return _ALIASES.get(first, first)


def _is_symbol(char: str) -> bool:
    return unicodedata.category(char) == "So"


def _runs(text: str) -> list[str]:
    """Runs of letters, digits and marks; letters of scripts without spaces, with their marks, and symbols by one."""
    found: list[str] = []
    goes_on = takes_marks = False
    for char in text:
        kind = unicodedata.category(char)
        if kind == "Cf":  # joiners and soft hyphens are no part of the text, and end no word
            continue
        alone = kind == "So" or (kind[0] in "LN" and _script(char) in UNSPACED)
        if (kind[0] == "M" and takes_marks) or (kind[0] in "LN" and goes_on and not alone):
            found[-1] += char
        elif kind[0] in "LN" or alone:
            found.append(char)
            goes_on, takes_marks = not alone, kind != "So"
        else:
            goes_on = takes_marks = False
    return found
