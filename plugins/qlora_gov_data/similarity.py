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
from collections.abc import Sequence
from dataclasses import dataclass
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

    def rarest(self, shingles: Fingerprints, count: int) -> list[int]:
        """The ``count`` rarest, in an order that is the same for all texts."""
        order = np.lexsort((shingles, self._counts[shingles % np.uint64(_BUCKETS)]))
        return [int(one) for one in shingles[order[:count]]]


@dataclass(frozen=True)
class Probe:
    """What a text shares with the texts of an index: the lists of those that have one of its rarest shingles."""

    rarest: Sequence[int]
    lists: Sequence[Sequence[int]]

    def __len__(self) -> int:
        """How many there are to look at."""
        return sum(map(len, self.lists))

    def candidates(self) -> list[int]:
        """Each of them once, in the order in which they were added."""
        return sorted({place for places in self.lists for place in places})


NOTHING = Probe((), ())
"""What a text shares that says nothing."""


class NearSets:
    """Texts by the rarest of their shingles, of which those that are near share one."""

    def __init__(self, threshold: float, frequencies: Frequencies) -> None:
        self._threshold = threshold
        self._frequencies = frequencies
        self._places: dict[int, list[int]] = {}

    def probe(self, shingles: Fingerprints) -> Probe:
        """What can be near to a text."""
        rarest = self._frequencies.rarest(shingles, telling(len(shingles), self._threshold))
        return Probe(rarest, [places for one in rarest if (places := self._places.get(one))])

    def holdable(self, shingles: Fingerprints) -> list[int]:
        """The texts of which a text, however long, has one of the rarest shingles: those that it can hold."""
        return sorted({place for one in shingles.tolist() for place in self._places.get(one, ())})

    def add(self, place: int, probe: Probe) -> None:
        """Add the text of a probe."""
        for one in probe.rarest:
            self._places.setdefault(one, []).append(place)


def telling(size: int, threshold: float) -> int:
    """Of how many of its members a set shares one with any set that holds ``threshold`` of it, whichever they are.

    Two sets that each hold so much of the other share one of the first so many of both, in any one order of members.
    """
    # A product such as 0.7 * 10 may come out above 7: one member more is looked at, never one less.
    return size - math.ceil(threshold * size - 1e-9) + 1 if size else 0
