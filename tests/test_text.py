import unicodedata

from hypothesis import given
from hypothesis import strategies as st

from qlora_gov.text import LIMIT, one_line


@given(st.text(max_size=60))
def test_no_character_that_is_hidden_or_turns_the_line_is_left(text: str) -> None:
    kinds = {unicodedata.category(character) for character in one_line(text) if character not in "\u200c\u200d"}
    assert not kinds & {"Cc", "Cf", "Cs", "Zl", "Zp"}


def test_hidden_characters_are_named() -> None:
    assert one_line("a\u202eb\x00\ud800") == "a{U+202E}b{U+0000}{U+D800}"


def test_a_long_text_is_cut_and_says_so() -> None:
    shown = one_line("x" * 1_000_000)
    assert shown == "x" * LIMIT + " … (998,000 more characters)"
