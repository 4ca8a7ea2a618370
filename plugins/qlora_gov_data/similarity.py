"""Near texts: the likeness of their runs of words, found exactly and without comparing each with each.

A shingle is a run of consecutive words. The likeness of two texts is the Jaccard similarity of the sets of their
shingles, shared over all; the containment of one in another is the share of its shingles that the other holds. Which
texts can be near is told by few of their shingles, the rarest (Chaudhuri, Ganti, Kaushik, A Primitive Operator for
Similarity Joins in Data Cleaning, ICDE 2006; Bayardo, Ma, Srikant, Scaling Up All Pairs Similarity Search, WWW 2007):
nothing that is near is missed, and no seed decides. Text without spaces between words is compared clause by clause.
"""

from __future__ import annotations

import hashlib
import math
import re
from array import array
from collections.abc import Iterable
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from qlora_gov_data.texts import Comparison, Invisible, normalised

WORD = re.compile(r"\w+")

Fingerprints = NDArray[np.uint64]
"""The shingles of a text as 64-bit fingerprints, sorted, each once, ``[n]``."""

_FACTOR = np.uint64(0x9E3779B97F4A7C15)  # odd: multiplying by it loses nothing
_START, _END = 1, 2  # what stands before and after the words
_BUCKETS = 1 << 20


class Similarity(Comparison):
    """From which likeness two texts are near, over shingles of how many words.

    A text's ends are words, too, so that a change there counts as one in the middle does: one changed word among n
    leaves (n - 1) / (n + 5) of the triples, and .7 catches it from 15 words on.
    """

    threshold: float = Field(default=0.7, ge=0.1, lt=1, description="least Jaccard similarity of near texts")
    shingle: int = Field(default=3, ge=1, le=10, description="words that are compared as one")
    permutations: int = Field(default=128, ge=64, le=1024, description="without effect since the search is exact")
    seed: int = Field(default=0, ge=0, lt=2**32, description="without effect since the search is exact")


def fingerprints(text: str, size: int, invisible: Invisible = "compared", *, ends: bool = False) -> Fingerprints:
    """The runs of ``size`` words; a shorter text is one run, and so is one without words that says something.

    With ``ends``, runs also reach over the ends of the text, and one that stands there is not the same elsewhere. Two
    different shingles of a pair of thousand-word texts share a fingerprint with a probability of 1e-13.
    """
    plain = normalised(text, invisible)
    words = WORD.findall(plain) or [plain] * bool(plain)
    if not words:
        return np.zeros(0, dtype=np.uint64)
    around = (size - 1) * ends
    numbers = np.array([*[_START] * around, *map(_number, words), *[_END] * around], dtype=np.uint64)
    runs = np.zeros(max(1, len(numbers) - size + 1), dtype=np.uint64)
    for offset in range(min(size, len(numbers))):
        runs = (runs ^ (runs >> np.uint64(29))) * _FACTOR + numbers[offset : offset + len(runs)]
    return np.unique((runs ^ (runs >> np.uint64(32))) * _FACTOR)


@lru_cache(maxsize=1 << 16)
def _number(word: str) -> int:
    return int.from_bytes(hashlib.blake2b(word.encode(errors="surrogatepass"), digest_size=8).digest())


def shared(one: Fingerprints, other: Fingerprints) -> int:
    """How many fingerprints two texts share."""
    return len(np.intersect1d(one, other, assume_unique=True))


def likeness(one: Fingerprints, other: Fingerprints) -> float:
    """The Jaccard similarity; of two texts that say nothing, 1."""
    both = shared(one, other)
    return both / union if (union := len(one) + len(other) - both) else 1.0


class Frequencies:
    """About how often each shingle occurs, in a table of one size: rare ones tell more.

    Any order of shingles finds the same; a good one finds it sooner.
    """

    def __init__(self) -> None:
        self._counts = np.zeros(_BUCKETS, dtype=np.int64)

    def add(self, shingles: Fingerprints) -> None:
        """Count the shingles of a text."""
        self._counts[shingles % np.uint64(_BUCKETS)] += 1

    def telling(self, shingles: Fingerprints, threshold: float) -> Fingerprints:
        """The rarest shingles of a text, of which any that is near shares one, in the same order for all texts."""
        order = np.lexsort((shingles, self._counts[shingles % np.uint64(_BUCKETS)]))
        return shingles[order[: telling(len(shingles), threshold)]]


class HeldTexts:
    """Texts by their telling shingles, of which whatever holds one of them has one."""

    def __init__(self) -> None:
        self._places: dict[int, list[int]] = {}

    def add(self, place: int, telling: Fingerprints) -> None:
        """Add a text."""
        for one in telling.tolist():
            self._places.setdefault(one, []).append(place)

    def holdable(self, shingles: Fingerprints) -> list[int]:
        """The texts that a text, however long, can hold."""
        return sorted({place for one in shingles.tolist() for place in self._places.get(one, ())})


class NearTexts:
    """Of many texts in an order, the earlier ones that can be near to each: they share one of their telling shingles.

    A telling shingle takes 20 bytes, and 40 more while this is made.
    """

    def __init__(self, telling: Iterable[Fingerprints]) -> None:
        shingles, sizes = bytearray(), array("I")
        for text in telling:
            shingles += text.tobytes()
            sizes.append(len(text))
        found = np.frombuffer(shingles, dtype=np.uint64)
        self._ends = np.cumsum(np.frombuffer(sizes, dtype=np.uint32), dtype=np.int64)
        order = np.argsort(found, kind="stable").astype(np.uint32)  # the texts of a shingle stay in their order
        ranked = found[order]
        first = np.flatnonzero(np.diff(ranked, prepend=~ranked[:1])).astype(np.uint32)
        self._texts = np.repeat(np.arange(len(sizes), dtype=np.uint32), sizes)[order]
        self._rank, self._first = (np.empty(len(found), dtype=np.uint32) for _ in range(2))
        self._rank[order] = np.arange(len(found), dtype=np.uint32)
        self._first[order] = np.repeat(first, np.diff(first, append=len(found)))

    def count(self, place: int) -> int:
        """How often earlier texts share a telling shingle with the one at a place; -1 for one that has none."""
        mine = self._mine(place)
        return int((self._rank[mine] - self._first[mine]).sum()) if mine.start < mine.stop else -1

    def earlier(self, place: int) -> NDArray[np.uint32]:
        """The places of these texts, sorted, each once."""
        mine = self._mine(place)
        found = [self._texts[one:other] for one, other in zip(self._first[mine], self._rank[mine], strict=True)]
        return np.unique(np.concatenate(found)) if found else self._texts[:0]

    def _mine(self, place: int) -> slice:
        return slice(int(self._ends[place - 1]) if place else 0, int(self._ends[place]))


def telling(size: int, threshold: float) -> int:
    """Of how many of its members a set shares one with any set that holds ``threshold`` of it, whichever they are.

    Two sets that each hold so much of the other share one of the first so many of both, in any one order of members.
    """
    # A product such as 0.7 * 10 may come out above 7: one member more is looked at, never one less.
    return size - math.ceil(threshold * size - 1e-9) + 1 if size else 0
