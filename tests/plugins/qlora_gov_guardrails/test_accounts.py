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
        ("xIBANDE89370400440532013000, IBANDE89370400440532013001", []),
        ("DE89370400440532013001, xGB82WEST12345698765432, ab12, AB12 is it, US82WEST12345698765432", []),
    ],
)
def test_an_account_number_ends_where_its_country_says(text: str, ibans: list[str]) -> None:
    assert [text[start:end] for start, end in find_ibans(text)] == ibans
