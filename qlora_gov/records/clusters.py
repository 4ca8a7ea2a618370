"""Which rows are one cluster: evidence of one thing, however often it is asked."""

from __future__ import annotations

import unicodedata
from collections.abc import Hashable, Sequence

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from qlora_gov.records.example import Example


def plain_text(text: str) -> str:
    """A text without case, white space, invisible characters and what stands around it."""
    if not text.isascii():
        text = unicodedata.normalize("NFKC", text)
        text = "".join(one for one in text if unicodedata.category(one) not in ("Cf", "Cc"))
    text = "".join(text.casefold().split())
    ends = [place for place, one in enumerate(text) if one.isalnum()]
    return text[ends[0] : ends[-1] + 1] if ends else text


def clustered(examples: Sequence[Example], shared: Sequence[Sequence[Sequence[str]]]) -> list[Example]:
    """The examples with one group for all that share something, directly or by way of others: the first one's.

    ``shared`` is what each may share with others, one thing after the other in the same order: a document's name, the
    texts of what was asked. Texts are the same whatever their case, white space and the punctuation around them; what
    has no text is shared with nobody.
    """
    plain = [[tuple(map(plain_text, thing)) for thing in things] for things in shared]
    clusters = linked([[texts if any(texts) else None for texts in things] for things in plain])
    first: dict[int, str] = {}
    named = zip(examples, clusters, strict=True)
    return [one.model_copy(update={"group": first.setdefault(cluster, one.group)}) for one, cluster in named]


def linked(shared: Sequence[Sequence[Hashable]]) -> list[int]:
    """The number of each item's cluster: one for all that share something, directly or by way of others.

    ``shared`` is what each may share with others, one thing after the other in the same order; None, with nobody.
    """
    numbers: dict[tuple[int, Hashable], int] = {}
    links = [
        (at, len(shared) + numbers.setdefault((place, thing), len(numbers)))
        for at, things in enumerate(shared)
        for place, thing in enumerate(things)
        if thing is not None
    ]
    ends = np.array(links, dtype=np.int64).reshape(-1, 2).T
    nodes = len(shared) + len(numbers)
    _, clusters = connected_components(coo_array((np.ones(len(links)), tuple(ends)), shape=(nodes, nodes)), False)
    return [int(one) for one in clusters[: len(shared)]]


def clustered_by_prompt(examples: Sequence[Example]) -> list[Example]:
    """The same of examples that share a group or a prompt: the answer to it is one, whatever the references are."""
    return clustered(examples, [((one.group,), [turn.content for turn in one.prompt]) for one in examples])
