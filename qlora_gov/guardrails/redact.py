"""Texts with what a detector found in them taken out."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence

from qlora_gov.guardrails.words import widened
from qlora_gov.plugin.specs import Finding


def redact_spans(text: str, findings: Iterable[Finding]) -> str:
    """Replace every span by its kind in brackets; overlapping spans become one, under the kind that begins first.

    The first form of a redaction: it tells no two values apart, and cuts a word where a finding does.
    """
    parts, at = [], 0
    for finding in sorted(findings, key=lambda f: (f.start, -f.end, f.kind)):
        if finding.start >= at:
            parts += [text[at : finding.start], f"[{finding.kind}]"]
        at = max(at, finding.end)
    return "".join([*parts, text[at:]])


def redact_numbered(texts: Sequence[str], findings: Sequence[Iterable[Finding]]) -> list[str]:
    """Replace every value in texts that belong together by its kind and a number, such as ``[EMAIL_ADDRESS_2]``.

    One value has one number in all of the texts, and two values have two. A finding that ends within a word takes the
    whole word with it; findings that then overlap become one, under the kind that begins first. Placeholders that the
    texts hold already keep their numbers, and no value is given one of them.
    """
    numbers = _Numbers(texts)
    return [_redacted(text, found, numbers.placeholder) for text, found in zip(texts, findings, strict=True)]


def redact_words(text: str, findings: Iterable[Finding]) -> str:
    """Replace every value by its kind in brackets, and no part of a word.

    It has no numbers: they would say of texts that are shown side by side, and redacted apart, which values are one.
    """
    return _redacted(text, findings, lambda kind, value: f"[{kind}]")


def _redacted(text: str, findings: Iterable[Finding], placeholder: Callable[[str, str], str]) -> str:
    parts, at = [], 0
    for kind, start, end in _merged(text, findings):
        parts += [text[at:start], placeholder(kind, text[start:end])]
        at = end
    return "".join([*parts, text[at:]])


def _merged(text: str, findings: Iterable[Finding]) -> Iterator[tuple[str, int, int]]:
    """Spans that end where words do and do not overlap, in order; an empty finding has nothing to take out."""
    spans = [(*widened(text, found.start, found.end), found) for found in findings if found.end > found.start]
    current: tuple[str, int, int] | None = None
    for start, end, found in sorted(spans, key=lambda span: (span[0], span[2].start, -span[1], span[2].kind)):
        if current is None or start >= current[2]:
            if current is not None:
                yield current
            current = (found.kind, start, end)
        else:
            current = (current[0], current[1], max(current[2], end))
    if current is not None:
        yield current


class _Numbers:
    """The numbers that values have been given, counted for each kind by itself."""

    def __init__(self, texts: Iterable[str]) -> None:
        self._given: dict[tuple[str, str], int] = {}
        self._last: defaultdict[str, int] = defaultdict(int)
        for text in texts:
            for kind, number in re.findall(r"\[([^\[\]\s]+)_(\d{1,9})\]", text):
                self._last[kind] = max(self._last[kind], int(number))

    def placeholder(self, kind: str, value: str) -> str:
        """What stands for a value."""
        key = (kind, _plain(value))
        if key not in self._given:
            self._last[kind] += 1
            self._given[key] = self._last[kind]
        return f"[{kind}_{self._given[key]}]"


def _plain(value: str) -> str:
    """A value without what only its writing adds: capitals, spaces, and what groups the digits of a long number."""
    plain = "".join(value.casefold().split())
    digits = re.sub(r"[-()/\u2010-\u2013]", "", plain)
    # Eight digits and fewer may be a date, whose parts tell two of them apart.
    return digits if digits.lstrip("+").isdecimal() and len(digits) > 8 else plain
