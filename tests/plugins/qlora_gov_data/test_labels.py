"""Filters that label rows: the language, and how hard they are to read."""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path

import pytest

from qlora_gov import DataError, Drop, Example
from qlora_gov_data.language import Language, LanguageSettings
from qlora_gov_data.reading import ReadingLevel, ReadingLevelSettings, level_of

Chat = Callable[..., Example]
TEXTS = {
    "en": ("Where is my new card, please? I have been waiting for it for a week.", "It is on its way to you."),
    "de": ("Wo ist meine neue Karte, bitte? Ich warte seit einer Woche darauf.", "Sie ist auf dem Weg zu Ihnen."),
    "fr": ("Où est ma nouvelle carte, s'il vous plaît ? Je l'attends depuis une semaine.", "Elle est en route."),
    "es": ("¿Dónde está mi nueva tarjeta? La espero desde hace una semana.", "Está en camino a su casa."),
}


def told(filter_: Language, row: Example) -> str | Drop | None:
    [result] = filter_.apply([row])
    return result if isinstance(result, Drop) else result.language


@pytest.mark.parametrize("language", TEXTS)
def test_a_row_that_states_no_language_gets_the_one_that_it_is_in(chat: Chat, language: str) -> None:
    row = chat(*TEXTS[language])
    assert told(Language(LanguageSettings()), row) == language
    kept = told(Language(LanguageSettings(keep=("en", "de"))), row)
    if language in ("en", "de"):
        assert kept == language
    else:
        assert isinstance(kept, Drop)
        assert kept.reason == "in another language"
        assert kept.score is not None
        assert 0.5 < kept.score <= 1


def test_a_stated_language_is_taken_at_its_word_and_a_short_row_has_none(chat: Chat) -> None:
    stated = chat(*TEXTS["de"]).model_copy(update={"language": "en"})
    [kept] = Language(LanguageSettings(keep=("en",))).apply([stated])
    assert kept is stated
    assert told(Language(LanguageSettings(keep=("de",))), stated) == Drop("in another language")
    short = chat("PIN?", "In the app.")
    assert told(Language(LanguageSettings(keep=("de",), min_words=6)), short) is None


def test_bank_questions_are_told_to_be_english(chat: Chat, public_data: Callable[[str], Path]) -> None:
    with public_data("banking77/test.csv").open(encoding="utf-8", newline="") as stream:
        questions = [row["text"] for row in csv.DictReader(stream)][::3]
    rows = Language(LanguageSettings()).apply([chat(question, "...") for question in questions])
    languages = [row.language for row in rows if isinstance(row, Example)]
    assert sum(language in ("en", None) for language in languages) >= 0.99 * len(questions)


EASY = "I lost my card. I need a new one. Can you send it to me? I am at home."
HARD = (
    "Notwithstanding contractual obligations regarding international remittances, institutional intermediaries "
    "occasionally necessitate supplementary documentation concerning beneficiary identification."
)


def test_rows_are_labelled_by_the_grade_at_which_they_are_read(chat: Chat, public_data: Callable[[str], Path]) -> None:
    reading = ReadingLevel(ReadingLevelSettings(pronunciations=public_data("cmudict/cmudict.dict")))
    german = chat(*TEXTS["de"]).model_copy(update={"language": "de", "extra": {"n": 1}})
    easy, hard, other = reading.apply([chat(EASY, "Yes, I can."), chat(HARD, HARD), german])
    assert (easy.extra, hard.extra) == ({"reading_level": "under 6"}, {"reading_level": "10 and more"})
    assert other is german


def test_syllables_are_those_of_the_dictionary(chat: Chat, tmp_path: Path) -> None:
    """A word that it gives nine syllables makes a text harder than one that it gives one."""
    grades = []
    for phones in ("AH0", " ".join(["AH0"] * 9)):
        path = tmp_path / f"{len(phones)}.dict"
        path.write_text(f";;; a comment\ncard {phones} # another\ncard(2) K AA1 R D\n", encoding="utf-8")
        grades.append(ReadingLevel(ReadingLevelSettings(pronunciations=path)).grade("card " * 7 + "."))
    assert grades[0] < 0 < 60 < grades[1]


def test_the_grade_is_that_of_textstat_by_the_same_dictionary(public_data: Callable[[str], Path]) -> None:
    """Words of one, two and four syllables, ten in two sentences: .39 * 5 + 11.8 * 1.6 - 15.59."""
    reading = ReadingLevel(ReadingLevelSettings(pronunciations=public_data("cmudict/cmudict.dict")))
    text = "My money is at a bank. Banks keep information."
    assert reading.grade(text) == pytest.approx(0.39 * 9 / 2 + 11.8 * 13 / 9 - 15.59)
    assert reading.grade("?!") == 0


def test_what_is_no_dictionary_is_told_with_its_line(chat: Chat, tmp_path: Path) -> None:
    path = tmp_path / "words.dict"
    path.write_text("card K AA1 R D\nnonsense\n", encoding="utf-8")
    with pytest.raises(DataError, match=r"^words.dict:2: not a word and its phonemes, as in 'card K AA1 R D'$"):
        ReadingLevel(ReadingLevelSettings(pronunciations=path)).apply([chat(EASY, "Yes.")])


def test_a_level_is_named_by_its_ends() -> None:
    ends = (6.0, 10.0)
    assert [level_of(grade, ends) for grade in (-3, 5.9, 6, 9.9, 10, 40)] == [
        "under 6", "under 6", "6 to 10", "6 to 10", "10 and more", "10 and more",
    ]  # fmt: skip
    assert [level_of(grade, (8.5,)) for grade in (8.4, 8.5)] == ["under 8.5", "8.5 and more"]
