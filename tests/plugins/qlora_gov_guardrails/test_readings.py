"""Readings: numbers in any script's digits and between any separators are found where they stand, and no others."""

from __future__ import annotations

import sys
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qlora_gov.guardrails.redact import redact_numbered
from qlora_gov_guardrails.pii import Pii, PiiSettings
from qlora_gov_guardrails.readings import readings_of

# Invented or reserved for documentation; check digits are right where the kind has some.
NUMBERS = {
    "CREDIT_CARD": "4111 1111 1111 1111",
    "IBAN_CODE": "GB82 WEST 1234 5698 7654 32",
    "PHONE_NUMBER": "415 555 0132",
    "UK_NHS": "943 476 5919",
    "US_ITIN": "911 70 1234",
    "US_SSN": "078 05 1121",
}
SPACES = [chr(code) for code in range(sys.maxunicode) if unicodedata.category(chr(code)) == "Zs"]
DASHES = ["\u2010", "\u2011", "\u2012", "\u2013", "\u2014", "\u2015", "\u2212", "\ufe58", "\ufe63", "\uff0d"]
UNSEEN = ["\u00ad", "\u200b", "\u200c", "\u200d", "\u200e", "\u2060", "\ufeff", "\u034f", "\ufe0f", "\u200b\u2060"]
OTHERS = ["/", "_", "\t", "\uff0f", "\uff3f"]
ZEROS = {"full-width": 0xFF10, "Arabic-Indic": 0x660, "Persian": 0x6F0, "Devanagari": 0x966, "bold": 0x1D7CE}


@pytest.fixture(scope="module")
def pii() -> Pii:
    return Pii(PiiSettings(recognisers=2))


def found(pii: Pii, text: str) -> list[tuple[str, str]]:
    return [(one.kind, text[one.start : one.end]) for one in pii.detect([text])[0]]


@pytest.mark.parametrize("separators", [SPACES, DASHES, UNSEEN, OTHERS], ids=["spaces", "dashes", "unseen", "others"])
@pytest.mark.parametrize("kind", NUMBERS)
def test_a_number_is_found_whatever_parts_its_groups(pii: Pii, kind: str, separators: list[str]) -> None:
    for separator in separators:
        written = NUMBERS[kind].replace(" ", separator)
        assert (kind, written) in found(pii, f"It is {written}, and no more."), ascii(separator)


@pytest.mark.parametrize("zero", ZEROS.values(), ids=ZEROS)
@pytest.mark.parametrize("kind", NUMBERS)
def test_a_number_is_found_in_the_digits_of_any_script(pii: Pii, kind: str, zero: int) -> None:
    written = NUMBERS[kind].translate({ord("0") + digit: zero + digit for digit in range(10)})
    assert (kind, written) in found(pii, f"It is {written}, and no more.")


@pytest.mark.parametrize(
    ("kind", "written"),
    [
        ("CREDIT_CARD", "\u200b".join("4111111111111111")),
        ("IBAN_CODE", "ＧＢ８２\u3000ＷＥＳＴ\u3000１２３４\u3000５６９８\u3000７６５４\u3000３２"),
        ("EMAIL_ADDRESS", "j.smi\u00adth＠exam\u200bple.com"),
        ("IP_ADDRESS", "１９２．０．２．４４"),
        ("MAC_ADDRESS", "00\u201300\u20135E\u201300\u201353\u2013AF"),
        ("URL", "https://www.exam\u00adple.com/account"),
        ("UUID", "123e4567\u2014e89b\u201412d3\u2014a456\u2014426614174000"),
        ("PHONE_NUMBER", "+49_30_901820"),
        ("CREDIT_CARD", "4111&nbsp;1111&nbsp;1111&nbsp;1111"),
        ("CREDIT_CARD", "4111&#160;1111&#xA0;1111&ensp;1111"),
        ("CREDIT_CARD", "4111&shy;1111&shy;1111&shy;1111"),
        ("CREDIT_CARD", "".join(f"&#{ord(digit)};" for digit in "4111111111111111")),
        ("CREDIT_CARD", "".join(f"{digit}\ufe0f\u20e3" for digit in "4111111111111111")),
        ("CREDIT_CARD", " ".join(f"{digit}\ufe0f\u20e3" for digit in "4111111111111111")),
        ("CREDIT_CARD", "".join(f"{digit}\u0336" for digit in "4111111111111111")),
        ("IBAN_CODE", "GB82&nbsp;WEST&nbsp;1234&nbsp;5698&nbsp;7654&nbsp;32"),
        ("US_SSN", "078&nbsp;05&nbsp;1121"),
        ("EMAIL_ADDRESS", "a.b&#64;example.com"),
        ("EMAIL_ADDRESS", "a.b [at] example [dot] com"),
        ("EMAIL_ADDRESS", "a.b(AT)example{dot}co{dot}uk"),
    ],
)
def test_what_has_a_form_of_its_own_is_found_in_unusual_writing(pii: Pii, kind: str, written: str) -> None:
    assert (kind, written) in found(pii, f"It is {written}, and no more.")


def test_an_account_number_in_groups_with_full_stops_is_no_machines_address(pii: Pii) -> None:
    number = "DE89.3704.0044.0532.0130.00"
    assert found(pii, f"Pay to {number}.") == [("IBAN_CODE", number)]


def test_a_redaction_takes_out_what_cannot_be_seen_within_a_number(pii: Pii) -> None:
    text = "\u200b\u200bCard 4111\u200b1111\u200b1111\u200b1111\u200b, mail j.smi\u00adth@example.com \u2014 soon."
    [redacted] = redact_numbered([text], pii.detect([text]))
    assert redacted == "\u200b\u200bCard [CREDIT_CARD_1]\u200b, mail [EMAIL_ADDRESS_1] \u2014 soon."


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("Ask a@example.com\u2014now", "a@example.com"),
        ("See example.com\u2013it is there", "example.com"),
        ("Pay with 4111111111111111\u200band go", "4111111111111111"),
        ("Pay with ４１１１１１１１１１１１１１１１\u200band go", "４１１１１１１１１１１１１１１１"),
    ],
)
def test_no_reading_hides_what_stands_in_the_text(pii: Pii, text: str, address: str) -> None:
    assert address in [value for _, value in found(pii, text)]


@pytest.mark.parametrize(
    "text",
    [
        "４１１１１１１１１１１１１１１２",  # a wrong check digit
        "GB82\u2009WEST\u20091234\u20095698\u20097654\u200933",
        "On 12/05/2024 or 2024/05/12, from 1990\u20132000 to 2001\u20132010",
        "logs/2024/05/12/part-0001, img_20240512_101530.jpg, VID_2024_05_12_10_30_15",
        "1_234_567_890 rows and 10_000_000 more",
        "Profit\t623\t932\t1,064\t0.415\t0.394",
        "Rows\t12\t078\t05\t1121",  # a further cell
        "my_module.co, user_321_45_6789",
        "078|05|1121 and 078, 05, 1121",  # no check digit tells
        "Look at example dot combat, f(at) = x[at].y, a[dot]b, meet [at] home",
        "4111&nbsp1111&nosuch;1111&nbsp;1111, AT&T;, &#;",
        "٢٠٢٤/٠٥/١٢, ２０２４年０５月１２日, 10⁹ and m²",
        "👩\u200d👩\u200d👧 and 4\ufe0f\u20e3",
    ],
)
def test_what_is_no_identifier_is_not_found(pii: Pii, text: str) -> None:
    assert found(pii, text) == []


@given(st.text(st.sampled_from("1a _/\t-.٣５\u200b\u00ad\u2014\u2009é\n\ufe0f\u20e3")))
def test_every_reading_has_the_characters_of_the_text_in_their_order(text: str) -> None:
    readings = readings_of(text)
    assert readings[0].text == text
    for reading in readings:
        assert len(reading.starts) == len(reading.ends) == len(reading.text)
        assert all(start < end for start, end in zip(reading.starts, reading.ends, strict=True))
        assert all(end <= start for end, start in zip(reading.ends, reading.starts[1:], strict=False))
        assert all(
            one == text[at] or not (text[at].isascii() and text[at].isalnum())
            for one, at in zip(reading.text, reading.starts, strict=True)
        )


def test_plain_text_has_no_reading_but_itself() -> None:
    assert [one.text for one in readings_of("Zoë paid 5 on 12/05/2024,\tat example.com.")] == [
        "Zoë paid 5 on 12/05/2024,\tat example.com."
    ]
