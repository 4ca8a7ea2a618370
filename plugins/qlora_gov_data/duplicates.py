"""Filters for conversations that stand there already, exactly or nearly."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from qlora_gov import Drop, Example
from qlora_gov_data.similarity import Fingerprints, Frequencies, NearTexts, Similarity, fingerprints, likeness
from qlora_gov_data.texts import Comparison, dialogue, normalised

EXACT = "exact duplicate"
NEAR = "near-duplicate"


class ExactDuplicates:
    """Keeps one of all rows with the same roles and the same normalised texts, that of a rejected answer, too."""

    def __init__(self, settings: Comparison) -> None:
        self._settings = settings

    def sketch(self, rows: Sequence[Example]) -> Sequence[bytes]:
        """A digest of each conversation."""
        return [self._digest(row) for row in rows]

    def choose(self, ids: Sequence[str], sketches: Sequence[bytes]) -> Mapping[int, Drop]:
        """All rows but the first of each conversation."""
        first: dict[bytes, int] = {}
        kept = ((place, first.setdefault(sketch, place)) for place, sketch in enumerate(sketches))
        return {place: Drop(EXACT, 1.0, ids[stays]) for place, stays in kept if stays != place}

    def _digest(self, row: Example) -> bytes:
        digest = hashlib.blake2b(digest_size=16)
        roles = [*(message.role for message in row.messages), "rejected"]
        for role, said in zip(roles, row.texts, strict=False):
            text = normalised(said, self._settings.invisible).encode(errors="surrogatepass")
            digest.update(f"{role} {len(text)} ".encode())
            digest.update(text)
        return digest.digest()


class NearDuplicates:
    """Keeps a row unless one that is kept is near in both: what was asked, and what was answered.

    They are compared apart, or one answer for many questions would make all of them alike. Of rows that are near, the
    first in the order of what rows say is kept. The two answers of a preference pair are compared as one text.
    """

    def __init__(self, settings: Similarity) -> None:
        self._settings = settings

    def sketch(self, rows: Sequence[Example]) -> Sequence[bytes]:
        """The fingerprints of a row's prompt and of its answer, after the number of the first."""
        return [self._sketched(row) for row in rows]

    def choose(self, ids: Sequence[str], sketches: Sequence[bytes]) -> Mapping[int, Drop]:
        """The rows of which a kept one is near, with the lesser of the two likenesses."""
        frequencies, least = Frequencies(), self._settings.threshold
        for sketch in sketches:
            frequencies.add(np.frombuffer(sketch, dtype=np.uint64)[1:])
        sides = [
            NearTexts(frequencies.telling(_parts(sketch)[side], least) for sketch in sketches) for side in range(2)
        ]
        kept = np.ones(len(sketches), dtype=bool)
        drops: dict[int, Drop] = {}
        for place in range(len(sketches)):
            counts = [(count, side) for side, texts in enumerate(sides) if (count := texts.count(place)) >= 0]
            if not counts or not min(counts)[0]:
                continue
            earlier = sides[min(counts)[1]].earlier(place)
            found = self._nearest(earlier[kept[earlier]], place, sketches)
            if found is not None:
                kept[place] = False
                drops[place] = Drop(NEAR, found[0], ids[found[1]])
        return drops

    def _nearest(
        self, candidates: NDArray[np.uint32], place: int, sketches: Sequence[bytes]
    ) -> tuple[float, int] | None:
        """The likeness of the first candidate that is near to the row at a place, and where it stands."""
        mine = _parts(sketches[place])
        for other in candidates.tolist():
            alike = min(map(likeness, mine, _parts(sketches[other])))
            if alike >= self._settings.threshold:
                return alike, other
        return None

    def _sketched(self, row: Example) -> bytes:
        texts = dialogue(row.prompt), "\n".join(row.texts[len(row.prompt) :])
        wanted = self._settings
        prompt, answer = (fingerprints(text, wanted.shingle, wanted.invisible, ends=True) for text in texts)
        return b"".join(part.tobytes() for part in (np.array([len(prompt)], dtype=np.uint64), prompt, answer))


def _parts(sketch: bytes) -> tuple[Fingerprints, Fingerprints]:
    """The fingerprints of the prompt and of the answer."""
    whole = np.frombuffer(sketch, dtype=np.uint64)
    end = 1 + int(whole[0])
    return whole[1:end], whole[end:]
