"""The rows that a set's step sees: their ids and sketches, in the order of what they say, and neither in memory."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import overload

import numpy as np
from numpy.typing import NDArray

from qlora_gov.stages.curate.passing import KEY_BYTES


class SketchFile:
    """Sketches that are written one after the other, and read back one by one."""

    def __init__(self, path: Path) -> None:
        self._stream = path.open("w+b")
        self._lengths: list[NDArray[np.int64]] = []

    def write(self, sketches: Iterable[bytes]) -> None:
        """Add some."""
        batch = list(sketches)
        self._stream.write(b"".join(batch))
        self._lengths.append(np.fromiter(map(len, batch), dtype=np.int64, count=len(batch)))

    def ordered(self, order: NDArray[np.int64]) -> Sketches:
        """The sketches in an order: the first is that with the number ``order[0]``."""
        self._stream.flush()
        lengths = np.concatenate([*self._lengths, np.zeros(0, dtype=np.int64)])
        starts = np.cumsum(lengths) - lengths
        return Sketches(self._stream.fileno(), starts[order], lengths[order])

    def close(self) -> None:
        """Let go of the file."""
        self._stream.close()


class Sketches(Sequence[bytes]):
    """Sketches in a file, by their places."""

    def __init__(self, file: int, starts: NDArray[np.int64], lengths: NDArray[np.int64]) -> None:
        self._file, self._starts, self._lengths = file, starts, lengths

    def __len__(self) -> int:
        return len(self._starts)

    @overload
    def __getitem__(self, place: int) -> bytes: ...
    @overload
    def __getitem__(self, place: slice) -> Sequence[bytes]: ...
    def __getitem__(self, place: int | slice) -> bytes | Sequence[bytes]:
        if isinstance(place, slice):
            return Sketches(self._file, self._starts[place], self._lengths[place])
        return os.pread(self._file, int(self._lengths[place]), int(self._starts[place]))


class Ids(Sequence[str]):
    """Row ids, from keys ``[n, KEY_BYTES]`` that begin with their digests."""

    def __init__(self, keys: NDArray[np.uint8]) -> None:
        self._keys = keys

    def __len__(self) -> int:
        return len(self._keys)

    @overload
    def __getitem__(self, place: int) -> str: ...
    @overload
    def __getitem__(self, place: slice) -> Sequence[str]: ...
    def __getitem__(self, place: int | slice) -> str | Sequence[str]:
        if isinstance(place, slice):
            return Ids(self._keys[place])
        return f"sha256:{self._keys[place, :32].tobytes().hex()}"


def keys_of(parts: Iterable[bytes]) -> NDArray[np.uint8]:
    """The keys of all rows, ``[n, KEY_BYTES]``."""
    return np.frombuffer(b"".join(parts), dtype=np.uint8).reshape(-1, KEY_BYTES)


def order_of(keys: NDArray[np.uint8]) -> NDArray[np.int64]:
    """The numbers of the rows in the order of their keys; of rows that say the same, in that in which they came."""
    words = np.ascontiguousarray(keys).view(">u8").astype(np.uint64)
    return np.lexsort(words.T[::-1])
