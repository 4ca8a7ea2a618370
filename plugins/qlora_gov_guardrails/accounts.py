"""International bank account numbers: where one ends in running text, and whether its check digits are right."""

from __future__ import annotations

import re
from collections.abc import Iterator

from presidio_analyzer.predefined_recognizers.generic.iban_patterns import regex_per_country

SHORTEST, LONGEST = 15, 34

# The word IBAN may stand before the number without a space.
_BEFORE = r"(?:(?<![A-Za-z0-9])|(?<=(?<![A-Za-z0-9])[Ii][Bb][Aa][Nn]))"
_BEGINS = re.compile(rf"{_BEFORE}[A-Za-z]{{2}}\d{{2}}(?=[ \t./_-]?[A-Za-z0-9])")
_GROUP = re.compile(r"[ \t./_-]?[A-Za-z0-9]+")
_FORMS = {country: re.compile(form) for country, form in regex_per_country.items()}


def find_ibans(text: str) -> Iterator[tuple[int, int]]:
    """The spans of account numbers, in capitals or small letters, written together or in groups."""
    at = 0
    for match in _BEGINS.finditer(text):
        if match.start() >= at and (end := _end(text, match.start(), match.end())):
            yield match.start(), end
            at = end


def _end(text: str, start: int, at: int) -> int | None:
    """Where the longest account number ends that begins at ``start``: words go on behind it as groups of it do."""
    found = None
    while group := _GROUP.match(text, at):
        at = group.end()
        number = re.sub(r"[^A-Za-z0-9]", "", text[start:at]).upper()
        if len(number) > LONGEST:
            break
        if len(number) >= SHORTEST and is_iban(number):
            found = at
    return found


def is_iban(number: str) -> bool:
    """Whether a number in capitals has its country's form, and check digits as ISO 13616 has them."""
    form = _FORMS.get(number[:2])
    if form is None or not form.fullmatch(number):
        return False
    return int("".join(str(int(character, 36)) for character in number[4:] + number[:4])) % 97 == 1
