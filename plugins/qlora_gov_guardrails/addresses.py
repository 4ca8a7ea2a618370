"""Addresses of the web, of mail and of machines: where they begin and end in running text."""

from __future__ import annotations

import re
from collections.abc import Iterator
from ipaddress import ip_interface

from qlora_gov_guardrails.hosts import HOST, LETTER, UNSPACED, host_of, is_plain, suffix_of

Span = tuple[int, int]

_PATH = rf"[^\s<>\"`|\\^{{}}{UNSPACED}]"
_SCHEME = re.compile(rf"(?:https?|s?ftps?|wss?|git|ssh)://{_PATH}+", re.IGNORECASE)
_TAIL = re.compile(rf"(?::\d{{2,5}})?(?:[/?#]{_PATH}*)?")
_HAS_PATH = re.compile(r"(?::\d+)?/.")
# Not the end of a path, a variable, another name or a mail address; nor, on the right, what is called, indexed or set.
_NAME = re.compile(rf"(?<!{LETTER})(?<![_@.$\\/~-]){HOST}(?!{LETTER}|[_(\[{{@]|\s?=|-\w|::)")
_WWW = re.compile(r"www\d{0,3}\.", re.IGNORECASE)
_ANNOUNCED = re.compile(
    r"\b(?:web\s?(?:site|page)|home\s?page|site|url|link|domain|visit(?:ed|ing)?|browse\s+to)\b"
    r"(?:\s+(?:is|was|at|to|on))?[\s:\"'(<*]*$",
    re.IGNORECASE,
)
_BEFORE = 32

_ATOM = rf"(?:{LETTER}|[!#$%&'*+/=?^_`{{|}}~-])"
_MAIL = re.compile(rf"{_ATOM}+(?:\.{_ATOM}+)*@({HOST})(?!{LETTER}|_)")
_WRAPPING = "!#$%&'*/=?^`{|}~-"

_QUAD = r"(?:25[0-5]|2[0-4]\d|1?\d?\d)"
_IPV4 = re.compile(rf"(?<![\w.:]){_QUAD}(?:\.{_QUAD}){{3}}(?:/\d{{1,2}}(?!\d))?(?![\w]|\.\d)", re.ASCII)
_IPV6 = re.compile(
    rf"(?<![\w:.])(?:[0-9a-f]{{0,4}}:){{2,7}}(?:{_QUAD}(?:\.{_QUAD}){{3}}|[0-9a-f]{{0,4}})(?:/\d{{1,3}})?(?![\w:]|\.\d)",
    re.ASCII | re.IGNORECASE,
)


def find_urls(text: str) -> Iterator[Span]:
    """Addresses with a scheme or ``www.``, and hosts whose suffix, path or announcement says that they are ones."""
    at = 0
    for start, end in sorted({*_with_scheme(text), *_named(text)}, key=lambda span: (span[0], -span[1])):
        if start >= at:
            yield start, end
            at = end


def _with_scheme(text: str) -> Iterator[Span]:
    for match in _SCHEME.finditer(text):
        end = match.start() + len(_trimmed(match.group()))
        if not text[:end].endswith("//"):
            yield match.start(), end


def _named(text: str) -> Iterator[Span]:
    for match in _NAME.finditer(text):
        start, host = match.start(), host_of(match.group())
        if host is None:
            continue
        end = start + len(host)
        tail = _TAIL.match(text, end) if end == match.end() else None
        path = _trimmed(tail.group()) if tail else ""
        if (
            _WWW.match(host)
            or is_plain(host)
            or _HAS_PATH.match(path)
            or _ANNOUNCED.search(text, max(0, start - _BEFORE), start)
        ):
            yield start, end + len(path)


def _trimmed(address: str) -> str:
    """An address without the punctuation of the sentence around it; a bracket that it opened itself it may close."""
    while address:
        last = address[-1]
        closes = {")": "(", "]": "["}.get(last)
        if last in ".,;:!?'*~" or (closes and address.count(last) > address.count(closes)):
            address = address[:-1]
        else:
            break
    return address


def find_mail(text: str) -> Iterator[Span]:
    """E-mail addresses under a public suffix, without what encloses them."""
    for match in _MAIL.finditer(text):
        host = host_of(match.group(1)) or (match.group(1) if suffix_of(match.group(1)) else None)
        if host:
            local = text[match.start() : match.start(1) - 1]
            kept = local.lstrip(_WRAPPING)
            if kept:
                yield match.start(1) - 1 - len(kept), match.start(1) + len(host)


def find_ip(text: str) -> Iterator[Span]:
    """Addresses of machines in versions 4 and 6, alone or with the length of a prefix."""
    for match in _IPV4.finditer(text):
        yield match.span()
    for match in _IPV6.finditer(text):
        if _is_ipv6(match.group()):
            yield match.span()


def _is_ipv6(found: str) -> bool:
    """Whether it is an address, and not a time of day or a slice of a list such as ``1::2``."""
    try:
        address = ip_interface(found).ip
    except ValueError:
        return False
    groups = [group for group in found.partition("/")[0].split(":") if group]
    return address.version == 6 and (len(groups) > 2 or any(len(group) > 2 for group in groups))
