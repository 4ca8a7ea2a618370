from __future__ import annotations

import pytest

from qlora_gov_guardrails.accounts import find_ibans


@pytest.mark.parametrize(
    ("text", "ibans"),
    [
        ("to GB82 WEST 1234 5698 7654 32 then come", ["GB82 WEST 1234 5698 7654 32"]),
        ("gb82west12345698765432.", ["gb82west12345698765432"]),
        ("DE89370400440532013000 2 days", ["DE89370400440532013000"]),
        (
            "FR7630006000011234567890189 and NL91-ABNA-0417-1643-00",
            ["FR7630006000011234567890189", "NL91-ABNA-0417-1643-00"],
        ),
        (
            "IBANDE89370400440532013000, ibanGB82 WEST 1234 5698 7654 32",
            [
                "DE89370400440532013000",
                "GB82 WEST 1234 5698 7654 32",
            ],
        ),
        ("DE89.3704.0044.0532.0130.00. Then", ["DE89.3704.0044.0532.0130.00"]),
        ("NL91/ABNA/0417/1643/00/2024", ["NL91/ABNA/0417/1643/00"]),
        ("NL91_ABNA_0417_1643_00", ["NL91_ABNA_0417_1643_00"]),
        ("NL91\tABNA\t0417\t1643\t00\t17", ["NL91\tABNA\t0417\t1643\t00"]),
        ("to GB82 WEST 1234\n5698 7654 32 then\ncome", ["GB82 WEST 1234\n5698 7654 32"]),
        ("DE8937040044\r\n0532013000\n12", ["DE8937040044\r\n0532013000"]),
        ("**NL91** **ABNA** **0417** **1643** **00**", ["NL91** **ABNA** **0417** **1643** **00"]),
        ("| NL91 | ABNA | 0417 | 1643 | 00 | 17 |", ["NL91 | ABNA | 0417 | 1643 | 00"]),
        ("NL91\u00b7ABNA\u00b70417\u00b71643\u00b700", ["NL91\u00b7ABNA\u00b70417\u00b71643\u00b700"]),
        ("NL91|ABNA,0417|1643,00", []),  # two separators
        ("GB82 WEST 1234\n5698 7654 33", []),
        ("xIBANDE89370400440532013000, IBANDE89370400440532013001", []),
        ("DE89370400440532013001, xGB82WEST12345698765432, ab12, AB12 is it, US82WEST12345698765432", []),
    ],
)
def test_an_account_number_ends_where_its_country_says(text: str, ibans: list[str]) -> None:
    assert [text[start:end] for start, end in find_ibans(text)] == ibans


@pytest.mark.parametrize(
    ("capitals", "lookalikes"),
    [
        ("GB82 WEST 1234 5698 7654 32", "G\u041282 WEST 1234 5698 7654 32"),
        ("GB82 WEST 1234 5698 7654 32", "GB82 W\u0415S\u0422 1234 5698 7654 32"),
        ("NL91 ABNA 0417 1643 00", "\u039dL91 \u0391BN\u0410 0417 1643 00"),
        ("nl91 abna 0417 1643 00", "nl91 \u0430bn\u0430 0417 1643 00"),
    ],
)
def test_letters_of_other_scripts_count_as_the_latin_ones_that_they_look_like(capitals: str, lookalikes: str) -> None:
    assert capitals != lookalikes
    assert [lookalikes[start:end] for start, end in find_ibans(lookalikes)] == [lookalikes]
    assert list(find_ibans(lookalikes[:-1] + "1")) == []
