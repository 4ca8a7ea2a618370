"""Near texts: MinHash finds the candidates, the Jaccard similarity of their shingles decides.

A shingle is a run of consecutive words. Two texts are near when the sets of their shingles have a Jaccard
similarity, shared over all, of at least the threshold. Locality-sensitive hashing only proposes pairs, so no text
that is less similar is ever called near; one that is at the threshold is found with a probability of ``RECALL`` or
more, and a more similar one with a higher one. Text without spaces between words is compared clause by clause.
"""

from __future__ import annotations

import hashlib
import math
import re
from dataclasses import dataclass
from typing import Any

from pydantic import Field

from qlora_gov_data.texts import Comparison, Invisible, normalised

RECALL = 0.995
WORD = re.compile(r"\w+")


class Similarity(Comparison):
    """From which Jaccard similarity two texts are near, over shingles of how many words.

    One changed word among n leaves (n - 5) / (n + 1) of the triples, so .7 catches it from 19 words on.
    """

    threshold: float = Field(default=0.7, ge=0.1, lt=1, description="least Jaccard similarity of near texts")
    shingle: int = Field(default=3, ge=1, le=10, description="words that are compared as one")
    permutations: int = Field(default=128, ge=64, le=1024, description="of MinHash: more are more exact")
    seed: int = Field(default=0, ge=0, lt=2**32, description="of the permutations")


@dataclass(frozen=True)
class Sketch:
    """A text's shingles, as 64-bit fingerprints, and their MinHash."""

    shingles: frozenset[int]
    minhash: Any


class NearTexts:
    """A growing set of texts that knows whether a further text is near to one of them."""

    def __init__(self, similarity: Similarity) -> None:
        from datasketch import MinHash, MinHashLSH

        self._similarity = similarity
        self._blank = MinHash(num_perm=similarity.permutations, seed=similarity.seed, hashfunc=_low_half)
        banding = choose_banding(similarity.threshold, similarity.permutations)
        self._index = MinHashLSH(num_perm=similarity.permutations, params=banding)
        self._shingles: list[frozenset[int]] = []

    def sketch(self, text: str) -> Sketch:
        """What :meth:`add` and :meth:`has_near` take of a text."""
        fingerprints = shingles(text, self._similarity.shingle, self._similarity.invisible)
        minhash = self._blank.copy()
        minhash.update_batch(fingerprints)
        return Sketch(fingerprints, minhash)

    def add(self, sketch: Sketch) -> None:
        """Add a text. One without words is near to nothing and is passed over."""
        if sketch.shingles:
            self._index.insert(len(self._shingles), sketch.minhash)
            self._shingles.append(sketch.shingles)

    def has_near(self, sketch: Sketch) -> bool:
        """Whether one of the added texts is near to this one."""
        candidates = (self._shingles[key] for key in self._index.query(sketch.minhash))
        return any(jaccard(sketch.shingles, other) >= self._similarity.threshold for other in candidates)


def shingles(text: str, size: int, invisible: Invisible = "compared") -> frozenset[int]:
    """The runs of ``size`` words, as fingerprints; a shorter text is one run, one without words has none.

    Two different shingles of a pair of thousand-word texts share a fingerprint with a probability of 1e-13.
    """
    words = WORD.findall(normalised(text, invisible))
    runs = {" ".join(words[start : start + size]) for start in range(max(1, len(words) - size + 1))} - {""}
    return frozenset(int.from_bytes(hashlib.blake2b(run.encode(), digest_size=8).digest()) for run in runs)


def jaccard(one: frozenset[int], other: frozenset[int]) -> float:
    """The Jaccard similarity of two sets that are not both empty."""
    shared = len(one & other)
    return shared / (len(one) + len(other) - shared)


def choose_banding(threshold: float, permutations: int) -> tuple[int, int]:
    """The number of bands, and of rows in each, that propose the fewest pairs at a recall of ``RECALL``.

    A pair of similarity s agrees in one of b bands of r rows with probability 1 - (1 - s^r)^b (Leskovec, Rajaraman,
    Ullman, Mining of Massive Datasets, section 3.4.2). More rows propose fewer pairs, and need more bands.
    """
    banding = None
    for rows in range(1, permutations // 2 + 1):
        bands = max(2, math.ceil(math.log1p(-RECALL) / math.log1p(-(threshold**rows))))
        if bands * rows > permutations:
            break
        banding = bands, rows
    if banding is None:
        raise ValueError(f"{permutations} permutations are too few for the threshold {threshold}")
    return banding


def _low_half(fingerprint: int) -> int:
    return fingerprint & 0xFFFFFFFF
