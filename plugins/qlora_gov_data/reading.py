"""A filter that tells how hard a row is to read."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from functools import cached_property
from pathlib import Path

from pydantic import Field

from qlora_gov import DataError, Example, ProjectFile, Settings
from qlora_gov_data.texts import dialogue

LABEL = "reading_level"
_WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)*")


class ReadingLevelSettings(Settings):
    """Where syllables are looked up, and where the levels part."""

    pronunciations: ProjectFile = Field(
        description="a pronouncing dictionary in the form of CMUdict: a word and its phonemes a line"
    )
    grades: tuple[float, ...] = Field(
        default=(6.0, 10.0), min_length=1, description="grades of school at which a level ends and the next begins"
    )


class ReadingLevel:
    """Labels English rows by the Flesch-Kincaid grade of what user and assistant say, in ``extra.reading_level``.

    The grade is .39 words a sentence + 11.8 syllables a word - 15.59 (Kincaid and others, 1975, Navy Research Branch
    Report 8-75). A row that states another language than English is given none.
    """

    def __init__(self, settings: ReadingLevelSettings) -> None:
        self._settings = settings

    def apply(self, rows: Sequence[Example]) -> Sequence[Example]:
        """Return each row with its level."""
        return [self._labelled(row) if row.language in (None, "en") else row for row in rows]

    def _labelled(self, row: Example) -> Example:
        level = level_of(self.grade(dialogue(row.messages)), self._settings.grades)
        return row.model_copy(update={"extra": {**row.extra, LABEL: level}})

    def grade(self, text: str) -> float:
        """The grade of school at which a text is read; that of one without words is 0."""
        import textstat

        words = _WORD.findall(text.lower())
        if not words:
            return 0.0
        syllables, sentences = sum(map(self._syllables, words)), max(int(textstat.sentence_count(text)), 1)
        return 0.39 * len(words) / sentences + 11.8 * syllables / len(words) - 15.59

    def _syllables(self, word: str) -> int:
        """By the dictionary, and of a word that it does not have by where it may be hyphenated, as textstat does."""
        found = self._dictionary.get(word)
        return self._hyphenation(word) if found is None else found

    @cached_property
    def _dictionary(self) -> dict[str, int]:
        return dict(_entries(self._settings.pronunciations))

    @cached_property
    def _hyphenation(self) -> Callable[[str], int]:
        import pyphen

        places = pyphen.Pyphen(lang="en_US").positions
        return lambda word: len(places(word)) + 1


def level_of(grade: float, ends: Sequence[float]) -> str:
    """The level of a grade, such as ``6 to 10``."""
    places = sorted(ends)
    below = [end for end in places if end <= grade]
    if not below:
        return f"under {places[0]:g}"
    return f"{below[-1]:g} to {places[len(below)]:g}" if len(below) < len(places) else f"{below[-1]:g} and more"


def _entries(path: Path) -> Iterator[tuple[str, int]]:
    """Each word with its syllables, which are the phonemes that bear a stress; the first pronunciation counts."""
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        entry = line.partition(" #")[0].strip()
        if not entry or entry.startswith(";;;"):
            continue
        word, *phones = entry.split()
        if not phones:
            raise DataError(f"{path.name}:{number}: not a word and its phonemes, as in 'card K AA1 R D'")
        if not word.endswith(")"):
            yield word.lower(), sum(phone[-1].isdigit() for phone in phones)
