"""Numbers of payment cards: the ranges that networks issue, the ways they are written, and their check digit."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

from qlora_gov_guardrails.groups import Row, rows_of

SEPARATORS = r" {1,2}| ?[-./_] ?"
SHORTEST, LONGEST = 12, 19


@dataclass(frozen=True)
class Network:
    """Who issues numbers that begin within ``first`` to ``last``, and how many digits they have."""

    name: str
    first: str
    last: str
    lengths: frozenset[int]

    def issues(self, digits: str) -> bool:
        """Whether a number is in the range; both ends of it have equally many digits."""
        return len(digits) in self.lengths and self.first <= digits[: len(self.first)] <= self.last


def _lengths(least: int, most: int) -> frozenset[int]:
    return frozenset(range(least, most + 1))


# ISO/IEC 7812 leaves the ranges to the networks; these are those that the networks publish for acquirers, with what
# lies unassigned beside a range of the same network: the check digit tells cards from other numbers, not the fourth.
NETWORKS = (
    Network("Visa", "4", "4", frozenset({13, 16, 19})),
    Network("Mastercard", "51", "55", frozenset({16})),
    Network("Mastercard", "2221", "2720", frozenset({16})),
    Network("American Express", "34", "34", frozenset({15})),
    Network("American Express", "37", "37", frozenset({15})),
    Network("Diners Club", "300", "305", _lengths(14, 19)),
    Network("Diners Club", "3095", "3095", _lengths(14, 19)),
    Network("Diners Club", "36", "36", _lengths(14, 19)),
    Network("Diners Club", "38", "39", _lengths(14, 19)),
    Network("JCB", "35", "35", _lengths(16, 19)),
    Network("JCB", "2131", "2131", frozenset({15})),
    Network("JCB", "1800", "1800", frozenset({15})),
    Network("Discover", "6011", "6011", _lengths(16, 19)),
    Network("Discover", "644", "659", _lengths(16, 19)),
    Network("UnionPay", "62", "62", _lengths(16, 19)),
    Network("UnionPay", "81", "81", _lengths(16, 19)),
    Network("Maestro", "50", "50", _lengths(12, 19)),
    Network("Maestro", "56", "69", _lengths(12, 19)),
    Network("Mir", "2200", "2204", _lengths(16, 19)),
    Network("RuPay", "82", "82", frozenset({16})),
    Network("Troy", "9792", "9792", frozenset({16})),
)

# Digits alone are not the decimals of a number, nor before some. Of digits in groups all separators are alike, and next
# to a hyphen or full stop no further group of digits adjoins: that is an identifier of another kind. Behind a slash it
# may be the date of expiry.
_ALONE = re.compile(rf"(?<![\w])(?<!\d\.)\d{{{SHORTEST},{LONGEST}}}(?!\w)(?!\.\d)", re.ASCII)
_LAYOUTS = (
    r"\d{4}(?P<s>SEP)\d{4}(?:(?P=s)\d{4}){N}(?P=s)\d{1,5}",  # 4-4-4-4, and others of fours with a rest
    r"\d{4}(?P<s>SEP)\d{6}(?P=s)\d{4,5}",  # 4-6-5 and 4-6-4
    r"\d{4}(?P<s>SEP)\d{3}(?P=s)\d{3}(?P=s)\d{3}",  # 4-3-3-3
    r"\d{6}(?P<s>SEP)\d{6,13}",  # 6-13, and shorter ones
)
_GROUPED = tuple(
    re.compile(
        rf"(?<!\w)(?<!\d[-.])(?=({layout.replace('SEP', SEPARATORS).replace('N', str(more))})(?!\w|[-.]\d))", re.ASCII
    )
    for layout in _LAYOUTS
    for more in ((2, 1, 0) if "{N}" in layout else (0,))
)

# Other separators part cells of tables and items of lists, too; three numbers of four digits are too often no card.
_ROWS = {
    *((4, 4, 4, rest) for rest in (1, 2, 3, 4)),
    *((4, 4, 4, 4, rest) for rest in (1, 2, 3)),
    *((4, 6, rest) for rest in (4, 5)),
}
_SINGLE = {(1,) * count for count in range(SHORTEST, LONGEST + 1)}


def find_cards(text: str) -> Iterator[tuple[int, int]]:
    """The spans of card numbers in a text, of those that overlap the first and longest."""
    spans = {match.span() for match in _ALONE.finditer(text)}
    spans |= {match.span(1) for layout in _GROUPED for match in layout.finditer(text)}
    found = {(start, end) for start, end in spans if is_card("".join(filter(str.isdigit, text[start:end])))}
    at = 0
    for start, end in sorted(found.union(_in_rows(text)), key=lambda span: (span[0], -span[1])):
        if start >= at:
            yield start, end
            at = end


def _in_rows(text: str) -> Iterator[tuple[int, int]]:
    """Cards in groups that any separator parts.

    Of the rows of such a layout one in ten has a right check digit by chance: where one by the same separator is no
    card, they all are cells of a table.
    """
    alike = defaultdict(list)
    for row in rows_of(text):
        if _is_laid_out(row):
            alike[row.separator].append(row)
    for rows in alike.values():
        if all(is_card("".join(row.groups)) for row in rows):
            yield from ((row.start, row.end) for row in rows)


def _is_laid_out(row: Row) -> bool:
    """Whether a row has a card's layout; single digits have spaces between them, for others are marks and answers."""
    layout = tuple(map(len, row.groups))
    return layout in _ROWS or (layout in _SINGLE and row.separator == " ")


def is_card(digits: str) -> bool:
    """Whether it is all digits, some network issues such a number, and its check digit is right."""
    return digits.isdigit() and luhn_holds(digits) and any(network.issues(digits) for network in NETWORKS)


def luhn_holds(digits: str) -> bool:
    """Whether the last digit is the check digit of ISO/IEC 7812-1, annex B, and not all of them are zero."""
    doubled = (sum(divmod(2 * int(digit), 10)) for digit in digits[-2::-2])
    total = sum(map(int, digits[::-2])) + sum(doubled)
    return total % 10 == 0 and total > 0
