"""Which rows are one cluster: evidence of one thing, however often it is asked."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence

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
    numbers: dict[tuple[int, tuple[str, ...]], int] = {}
    links = [
        (at, len(examples) + numbers.setdefault((place, texts), len(numbers)))
        for at, things in enumerate(shared)
        for place, thing in enumerate(things)
        if any(texts := tuple(map(plain_text, thing)))
    ]
    ends = np.array(links, dtype=np.int64).reshape(-1, 2).T
    nodes = len(examples) + len(numbers)
    _, clusters = connected_components(coo_array((np.ones(len(links)), tuple(ends)), shape=(nodes, nodes)), False)
    first: dict[int, str] = {}
    named = zip(examples, clusters[: len(examples)].tolist(), strict=True)
    return [one.model_copy(update={"group": first.setdefault(cluster, one.group)}) for one, cluster in named]


def clustered_by_prompt(examples: Sequence[Example]) -> list[Example]:
    """The same of examples that share a group or a prompt: the answer to it is one, whatever the references are."""
    return clustered(examples, [((one.group,), [turn.content for turn in one.prompt]) for one in examples])
