"""Filters for conversations that stand there already, exactly or nearly."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence

import numpy as np

from qlora_gov import Drop, Example
from qlora_gov_data.similarity import NOTHING, Fingerprints, Frequencies, NearSets, Similarity, fingerprints, likeness
from qlora_gov_data.texts import Comparison, dialogue, normalised

EXACT = "exact duplicate"
NEAR = "near-duplicate"


class ExactDuplicates:
    """Keeps one of all rows with the same roles and the same normalised texts."""

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
        for message in row.messages:
            text = normalised(message.content, self._settings.invisible).encode(errors="surrogatepass")
            digest.update(f"{message.role} {len(text)} ".encode())
            digest.update(text)
        return digest.digest()


class NearDuplicates:
    """Keeps a row unless one that is kept is near in both: what was asked, and what was answered.

    They are compared apart, or one answer for many questions would make all of them alike. Of rows that are near, the
    first in the order of what rows say is kept.
    """

    def __init__(self, settings: Similarity) -> None:
        self._settings = settings

    def sketch(self, rows: Sequence[Example]) -> Sequence[bytes]:
        """The fingerprints of a row's prompt and of its answer, after the number of the first."""
        return [self._sketched(row) for row in rows]

    def choose(self, ids: Sequence[str], sketches: Sequence[bytes]) -> Mapping[int, Drop]:
        """The rows of which a kept one is near, with the lesser of the two likenesses."""
        frequencies = Frequencies()
        for sketch in sketches:
            frequencies.add(np.frombuffer(sketch, dtype=np.uint64)[1:])
        prompts, answers = (NearSets(self._settings.threshold, frequencies) for _ in range(2))
        drops: dict[int, Drop] = {}
        for place in range(len(sketches)):
            prompt, answer = _parts(sketches[place])
            probes = prompts.probe(prompt), answers.probe(answer)
            fewest = min((probe for probe in probes if probe.rarest), key=len, default=NOTHING)
            found = self._nearest(fewest.candidates(), prompt, answer, sketches)
            if found is None:
                for kept, probe in zip((prompts, answers), probes, strict=True):
                    kept.add(place, probe)
            else:
                drops[place] = Drop(NEAR, found[0], ids[found[1]])
        return drops

    def _nearest(
        self, candidates: Sequence[int], prompt: Fingerprints, answer: Fingerprints, sketches: Sequence[bytes]
    ) -> tuple[float, int] | None:
        """The likeness of the first candidate that is near, and its place."""
        for place in candidates:
            alike = min(map(likeness, (prompt, answer), _parts(sketches[place])))
            if alike >= self._settings.threshold:
                return alike, place
        return None

    def _sketched(self, row: Example) -> bytes:
        texts = dialogue(row.prompt), row.reference
        wanted = self._settings
        prompt, answer = (fingerprints(text, wanted.shingle, wanted.invisible, ends=True) for text in texts)
        return b"".join(part.tobytes() for part in (np.array([len(prompt)], dtype=np.uint64), prompt, answer))


def _parts(sketch: bytes) -> tuple[Fingerprints, Fingerprints]:
    """The fingerprints of the prompt and of the answer."""
    whole = np.frombuffer(sketch, dtype=np.uint64)
    end = 1 + int(whole[0])
    return whole[1:end], whole[end:]
