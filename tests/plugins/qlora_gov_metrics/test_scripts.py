"""Words of any language, and which text a metric of a few letters loses."""

from __future__ import annotations

import json
import re
import string
import unicodedata
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rouge_score.tokenizers import DefaultTokenizer

from qlora_gov_metrics.scripts import lost, shares, words

TEXTS = {
    "han": ("请在 12 小时内拨打 95588", "请 在 12 小 时 内 拨 打 95588"),
    "hiragana": ("12時にください", "12 時 に く だ さ い"),
    "thai": ("โทร 95588", "โ ท ร 95588"),
    "khmer": ("សូម", "សូ ម"),
    "cyrillic": ("Звоните: 95588!", "звоните 95588"),
    "greek": ("ΚΑΛΈΣΤΕ μας", "καλέστε μασ"),
    "arabic": ("اتصل بنا", "اتصل بنا"),
    "hebrew": ("התקשרו אלינו", "התקשרו אלינו"),
    "devanagari": ("कृपया हमें", "कृपया हमें"),
    "hangul": ("12시간 이내에", "12시간 이내에"),
    "ethiopic": ("እባክዎ ይደውሉ", "እባክዎ ይደውሉ"),
    "latin letters beyond a to z": ("Le café est fermé", "le café est fermé"),
}
ROUGE = re.compile("[a-z0-9]+")


def rouge_loses(text: str) -> str | None:
    return lost(text, lambda word: ROUGE.fullmatch(word) is not None)


@pytest.mark.parametrize(("script", "text", "found"), [(name, *texts) for name, texts in TEXTS.items()])
def test_words_of_a_script_are_found_where_rouge_score_loses_them(script: str, text: str, found: str) -> None:
    assert words(text) == found.split(" ")
    assert rouge_loses(text) == script


@given(st.text(string.printable))
def test_the_words_of_ascii_are_those_of_rouge_score(text: str) -> None:
    assert words(text) == DefaultTokenizer(use_stemmer=False).tokenize(text)


@given(st.text())
def test_a_text_and_its_other_unicode_forms_have_the_same_words(text: str) -> None:
    composed, decomposed = (words(unicodedata.normalize(form, text)) for form in ("NFC", "NFD"))
    assert composed == decomposed


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("caf\u00e9", "cafe\u0301"),
        ("ＣＡＬＬ ９５５", "call 955"),
        ("Straße", "STRASSE"),
        ("co\u00adoperate", "cooperate"),
        ("ﬁne", "fine"),
    ],
)
def test_what_reads_the_same_is_the_same(one: str, other: str) -> None:
    assert words(one) == words(other)


def test_emoji_are_words_and_punctuation_is_none() -> None:
    assert words("Done 👍👍!") == ["done", "👍", "👍"]
    assert words("... !?") == words("") == []


@pytest.mark.parametrize("text", ["", "...", "¡¿", "👍", "© ™"])
def test_a_text_without_words_says_nothing(text: str) -> None:
    assert rouge_loses(text) == "no word"


def test_a_few_lost_words_are_no_matter_and_more_are() -> None:
    assert rouge_loses("café " + "word " * 19) is None
    assert rouge_loses("café " + "word " * 18) == "latin letters beyond a to z"
    assert rouge_loses("Thanks, done 👍") is None
    assert rouge_loses("Call us at 95588!") is None


def test_prose_in_public_english_is_read(public_data: Callable[[str], Path]) -> None:
    tasks = public_data("self_instruct/seed_tasks.jsonl").read_text(encoding="utf-8").splitlines()
    answers = [one["output"] for task in map(json.loads, tasks) for one in task["instances"]]
    assert sum(rouge_loses(answer) is not None for answer in answers) / len(answers) < 0.02


@pytest.mark.parametrize(
    "text",
    [
        "La banque vous enverra une nouvelle carte sous cinq jours ouvrés, et vous réglez les plafonds à l'étranger.",
        "Sie können Ihre Karte in der App sperren. Öffnen Sie dazu den Bereich Karten und wählen Sie Sperren.",
        "Puede bloquear su tarjeta en la aplicación. Abra la sección de tarjetas y elija bloquear.",
        "Kartę zablokujesz w aplikacji. Nowa karta przyjdzie w ciągu pięciu dni roboczych.",
        "Vui lòng gọi cho chúng tôi trong vòng 12 giờ.",
    ],
)
def test_prose_in_languages_of_more_letters_is_not(text: str) -> None:
    assert rouge_loses(text) == "latin letters beyond a to z"


def test_shares_count_letters_of_scripts_without_spaces_each() -> None:
    assert shares("Nothing foreign") == {}
    assert shares("请 call") == {"han": 0.5, "latin": 0.5}
    assert shares("天気です ok") == {"han": 0.4, "hiragana": 0.4, "latin": 0.2}
