"""International bank account numbers: where one ends in running text, and whether its check digits are right."""

from __future__ import annotations

import re
from collections.abc import Iterator

from presidio_analyzer.predefined_recognizers.generic.iban_patterns import regex_per_country

from qlora_gov_guardrails.groups import GAP, separator_of

SHORTEST, LONGEST = 15, 34

# Cyrillic and Greek letters that look like Latin ones. In a number the check digits tell the disguise; in words there
# are none.
_LATIN = str.maketrans(
    "АВЕКМНОРСТУХЅІЈԌԚԜаеорсухѕіјԛԝ" + "ΑΒΕΖΗΙΚΜΝΟΡΤΥΧον",
    "ABEKMHOPCTYXSIJGQWaeopcyxsijqw" + "ABEZHIKMNOPTYXov",
)
_LETTER = "A-Za-z" + "".join(map(chr, _LATIN))

# The word IBAN may stand before the number without a space.
_BEFORE = r"(?:(?<![A-Za-z0-9])|(?<=(?<![A-Za-z0-9])[Ii][Bb][Aa][Nn]))"
_BEGINS = re.compile(rf"{_BEFORE}[{_LETTER}]{{2}}[0-9]{{2}}(?=(?:{GAP})?[{_LETTER}0-9])")
_GROUP = re.compile(rf"((?:{GAP})?)([{_LETTER}0-9]+)")
_USUAL = {"", *" \t./_-"}
_FORMS = {country: re.compile(form) for country, form in regex_per_country.items()}


def find_ibans(text: str) -> Iterator[tuple[int, int]]:
    """The spans of account numbers, in capitals or small letters, written together or in groups."""
    at = 0
    for match in _BEGINS.finditer(text):
        if match.start() >= at and (end := _end(text, match.start(), match.end())):
            yield match.start(), end
            at = end


def _end(text: str, start: int, at: int) -> int | None:
    """Where the longest account number ends that begins at ``start``: words go on behind it as groups of it do.

    Usual separators may be mixed; any other is the same throughout.
    """
    found = None
    number = text[start:at]
    unusual = set()
    while group := _GROUP.match(text, at):
        if group[1] not in _USUAL:
            unusual.add(separator_of(group[1]))
        number += group[2]
        at = group.end()
        if len(number) > LONGEST or len(unusual) > 1:
            break
        if len(number) >= SHORTEST and is_iban(number.translate(_LATIN).upper()):
            found = at
    return found


def is_iban(number: str) -> bool:
    """Whether a number in capitals has its country's form, and check digits as ISO 13616 has them."""
    form = _FORMS.get(number[:2])
    if form is None or not form.fullmatch(number):
        return False
    return int("".join(str(int(character, 36)) for character in number[4:] + number[:4])) % 97 == 1
