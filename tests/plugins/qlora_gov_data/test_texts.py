from __future__ import annotations

import unicodedata

import pytest

from qlora_gov import Message
from qlora_gov_data.texts import dialogue, normalised


@pytest.mark.parametrize("text", ["Grüße, Élise", "  grüsse,\n\tÉLISE ", "GRÜSSE,\u00a0E\u0301LISE"])
def test_case_space_and_composition_make_no_difference(text: str) -> None:
    assert normalised(text) == "grüsse, élise"


INVISIBLE = {
    "zero-width space": "ca\u200brd lost",
    "soft hyphen": "card lo\u00adst",
    "joiner": "card\u200d lost\u200c",
    "byte order mark": "\ufeffcard lost",
    "grapheme joiner": "ca\u034frd lost",
    "variation selector": "card lost\ufe0f",
    "word joiner": "card \u2060lost",
    "direction": "\u202dcard\u202c lost\u200e",
    "tag": "card lost\U000e0041",
    "filler": "card lo\u3164st",
}


@pytest.mark.parametrize("text", INVISIBLE.values(), ids=INVISIBLE)
def test_what_nobody_sees_makes_no_difference_where_it_is_passed_over(text: str) -> None:
    assert normalised(text) != "card lost"
    assert normalised(text, "passed_over") == "card lost"


def test_invisible_characters_are_those_that_format_and_show_nothing() -> None:
    """Of all that Unicode calls a format character, what stays is seen, as a number sign that spans digits is."""
    formats = [chr(at) for at in range(0x110000) if unicodedata.category(chr(at)) == "Cf"]
    seen = [character for character in formats if normalised(f"a{character}b", "passed_over") != "ab"]
    assert {unicodedata.name(character, "").split()[0] for character in seen} <= {
        "ARABIC", "SYRIAC", "KAITHI", "EGYPTIAN", "INTERLINEAR",
    }  # fmt: skip


@pytest.mark.parametrize("text", ["Grüße, Élise", "नमस्ते", "card  lost", "ｃａｒｄ", "a​b"])
def test_texts_without_such_characters_are_compared_as_before(text: str) -> None:
    plain = text.replace("\u200b", "")
    assert normalised(plain, "passed_over") == normalised(plain)


def test_a_dialogue_leaves_out_instructions_and_tools() -> None:
    roles = ("system", "user", "tool", "assistant")
    assert dialogue(Message(role=role, content=role) for role in roles) == "user\nassistant"
