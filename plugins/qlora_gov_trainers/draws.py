"""Which rows a training takes: drawn by a hash, so that which ones it are does not depend on where they stand."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Sequence
from typing import TypeVar

from qlora_gov import DataError, Example

T = TypeVar("T")


def drawn(examples: Sequence[Example], most: int | None, seed: int) -> Sequence[Example]:
    """``most`` rows, or all where that is None, in the order in which they stand."""
    if most is None:
        return examples
    order = sorted(range(len(examples)), key=lambda at: _order(seed, "row", examples[at].id))
    return [examples[at] for at in sorted(order[:most])]


def set_apart(examples: Sequence[Example], share: float, seed: int) -> frozenset[int]:
    """The places of a share of the rows at least, in whole groups, that are not trained on.

    Raises DataError where that leaves nothing to train on.
    """
    sizes = Counter(example.group for example in examples)
    groups: set[str] = set()
    rows = 0
    for group in sorted(sizes, key=lambda group: _order(seed, "group", group)):
        if rows >= share * len(examples):
            break
        groups.add(group)
        rows += sizes[group]
    if rows == len(examples):
        raise DataError(
            f"training.early_stopping: a share of {share:g} leaves none of {rows} rows to train on, since rows of one "
            f"group stay together, and there are {len(sizes)}; lower it, or give more rows"
        )
    return frozenset(at for at, example in enumerate(examples) if example.group in groups)


def split(rows: Sequence[T], apart: frozenset[int]) -> tuple[list[T], list[T]]:
    """What belongs to rows that are trained on, and to those that are set apart."""
    taken = [row for at, row in enumerate(rows) if at not in apart]
    return taken, [row for at, row in enumerate(rows) if at in apart]


def _order(seed: int, kind: str, name: str) -> bytes:
    return hashlib.sha256(f"{seed} {kind} {name}".encode(errors="surrogatepass")).digest()
