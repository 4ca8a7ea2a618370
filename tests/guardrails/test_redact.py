"""The second form of redaction: values keep their identity, and words stay whole."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qlora_gov.guardrails.redact import redact_numbered, redact_words
from qlora_gov.plugin.specs import Finding


def mail(text: str) -> list[Finding]:
    """Every run of characters around an at sign, as an e-mail address."""
    return [Finding("EMAIL", 1.0, *match.span()) for match in re.finditer(r"[\w.]+@[\w.]*\w", text)]


@pytest.mark.parametrize(
    ("texts", "redacted"),
    [
        (
            ["Move it from a@x.org to b@x.org, then tell a@x.org."],
            ["Move it from [EMAIL_1] to [EMAIL_2], then tell [EMAIL_1]."],
        ),
        (["I am b@x.org.", "Hello B@X.org, I am a@x.org"], ["I am [EMAIL_1].", "Hello [EMAIL_1], I am [EMAIL_2]"]),
        (["[EMAIL_3] wrote to a@x.org"], ["[EMAIL_3] wrote to [EMAIL_4]"]),
        (["no address", ""], ["no address", ""]),
    ],
)
def test_one_value_has_one_number_in_a_whole_conversation(texts: list[str], redacted: list[str]) -> None:
    assert redact_numbered(texts, [mail(text) for text in texts]) == redacted


@pytest.mark.parametrize(
    ("first", "second", "same"),
    [
        ("4111 1111 1111 1111", "4111-1111-1111-1111", True),
        ("(415) 555-0132", "415-555-0132", True),
        ("GB82 WEST 1234 5698", "gb82west12345698", True),
        ("1-12-2024", "11-2-2024", False),
        ("1.11.1.1", "11.1.1.1", False),
        ("ab@x.org", "a.b@x.org", False),
    ],
)
def test_what_only_looks_otherwise_is_the_same_value(first: str, second: str, same: bool) -> None:
    text = f"{first} {second}"
    spans = [Finding("K", 1.0, 0, len(first)), Finding("K", 1.0, len(first) + 1, len(text))]
    assert redact_numbered([text], [spans]) == ["[K_1] [K_1]" if same else "[K_1] [K_2]"]


@pytest.mark.parametrize(
    ("text", "spans", "redacted"),
    [
        ("Please reset it.Thanks", [("URL", 13, 18)], "Please reset [URL_1]"),
        ("I paid.No reply came", [("URL", 2, 9)], "I [URL_1] reply came"),
        ("seen_by naïve cafe\u0301s", [("K", 5, 6), ("K", 9, 11), ("K", 14, 16)], "[K_1] [K_2] [K_3]"),
        ("one two", [("A", 0, 3), ("B", 3, 4), ("A", 4, 7)], "[A_1][B_1][A_2]"),
        ("onetwo six", [("A", 0, 3), ("B", 3, 6)], "[A_1] six"),
        ("one two", [("A", 1, 1), ("A", 3, 3)], "one two"),
        ("请联系a@x.org谢谢", [("EMAIL", 3, 10)], "请联系[EMAIL_1]谢谢"),
    ],
)
def test_no_word_is_cut(text: str, spans: list[tuple[str, int, int]], redacted: str) -> None:
    assert redact_numbered([text], [[Finding(kind, 1.0, start, end) for kind, start, end in spans]]) == [redacted]


def test_texts_that_are_shown_side_by_side_have_no_numbers() -> None:
    assert redact_words("a@x.org, b@x.org", mail("a@x.org, b@x.org")) == "[EMAIL], [EMAIL]"
    assert redact_words("reset it.Thanks", [Finding("URL", 1.0, 6, 11)]) == "reset [URL]"


SPANS = st.lists(st.tuples(st.sampled_from("AB"), st.integers(0, 30), st.integers(1, 9)), max_size=6)


@given(st.text(alphabet="abz09_é .,@-\n", max_size=30), SPANS)
def test_all_that_was_found_goes_and_only_whole_words_stay(text: str, spans: list[tuple[str, int, int]]) -> None:
    findings = [Finding(k, 1.0, a, min(a + n, len(text))) for k, a, n in spans if a < len(text)]
    [redacted] = redact_numbered([text], [findings])
    kept = re.split(r"\[[AB]_\d+\]", redacted)
    assert len(kept) <= len(findings) + 1
    gone = {at for finding in findings for at in range(finding.start, finding.end)}
    words = [match for match in re.finditer(r"\w+", text) if not gone & set(range(*match.span()))]
    assert re.findall(r"\w+", " ".join(kept)) == [match.group() for match in words]
