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
        ("DE89370400440532013001, xGB82WEST12345698765432, ab12, AB12 is it, US82WEST12345698765432", []),
    ],
)
def test_an_account_number_ends_where_its_country_says(text: str, ibans: list[str]) -> None:
    assert [text[start:end] for start, end in find_ibans(text)] == ibans
