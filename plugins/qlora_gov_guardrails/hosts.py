"""Names of hosts, held against the list of public suffixes that ships with tldextract."""

from __future__ import annotations

from functools import lru_cache

from tldextract import TLDExtract

# By default tldextract fetches a newer list, or reads what another program cached.
_REGISTERED = TLDExtract(cache_dir=None, suffix_list_urls=())
_HOSTED = TLDExtract(cache_dir=None, suffix_list_urls=(), include_psl_private_domains=True)

UNSPACED = "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3000-\u30ff\u3400-\u9fff\uf900-\ufaff\uff00-\uffef"
"""Scripts that put no space between words: next to them, a name in Latin letters begins and ends."""

LETTER = f"[^\\W_{UNSPACED}]"
_LABEL = rf"{LETTER}(?:(?:{LETTER}|-){{0,61}}{LETTER})?"
HOST = rf"{_LABEL}(?:\.{_LABEL})+"
"""Labels with dots between them, as a pattern; it ends where a word does."""

PLAIN = frozenset({
    "biz", "com", "edu", "gov", "mil", "net", "org", "xyz",
    "ae", "ai", "ar", "au", "ca", "ch", "cn", "co", "cz", "de", "dk", "es", "eu", "fi", "fr", "gr", "hk", "hu", "ie",
    "il", "jp", "ke", "kr", "lu", "mx", "ng", "nl", "nz", "pk", "pt", "ro", "ru", "se", "sg", "sk", "th", "tr", "tv",
    "tw", "ua", "uk", "uy", "vn", "za",
})  # fmt: skip
"""Suffixes that make a host of a dotted name wherever it stands: they are no words, no attributes and no files' types.

Of the others there are too many that are: ``paid.no``, ``user.name``, ``main.rs``.
"""

SECOND = frozenset({
    "ac", "co", "com", "edu", "go", "gob", "gouv", "gov", "ltd", "mil", "ne", "net", "or", "org", "plc", "sch",
})  # fmt: skip
"""What suffixes of two labels begin with in many countries: ``co.uk`` is one, and ``is.it`` a town's."""

_WRITTEN = frozenset({"Com", "Edu", "Gov", "Org"})


def host_of(name: str) -> str | None:
    """The host that a dotted name is, or begins with where a sentence goes on without a space; None for neither.

    What looks like the first word of a sentence is not taken for a suffix: ``paid.No``, ``example.com.Is it``.
    """
    labels = name.split(".")
    while len(labels) > 1:
        goes_on = _capitalised(labels[-1]) and labels[-1] not in _WRITTEN
        if suffix_of(".".join(labels)) and not goes_on:
            return ".".join(labels)
        if not goes_on:
            return None
        labels.pop()
    return None


def suffix_of(host: str) -> str:
    """The public suffix of a host, under which people or companies register names; empty where there is none."""
    return _suffix(host.lower())


def is_plain(host: str) -> bool:
    """Whether a host's suffix says that it is one, without a scheme or a path beside it."""
    suffix = suffix_of(host)
    first, dot, _ = suffix.partition(".")
    name = host[: -len(suffix) - 1]
    if not any(letter.isalpha() for letter in name):
        return False
    return suffix in PLAIN or (bool(dot) and first in SECOND) or _hosted(host.lower())


@lru_cache(maxsize=4096)
def _suffix(host: str) -> str:
    found = _REGISTERED(host)
    return found.suffix if found.domain else ""


@lru_cache(maxsize=4096)
def _hosted(host: str) -> bool:
    """Whether a company lets others have names under its own, as under ``github.io``."""
    found = _HOSTED(host)
    return found.is_private and bool(found.domain)


def _capitalised(label: str) -> bool:
    return label[:1].isupper() and not label[1:].isupper()
