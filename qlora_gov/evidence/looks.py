"""How often the rows of an evaluation set were judged before, in whichever sets they lay."""

from __future__ import annotations

import hashlib
import unicodedata
from collections import Counter
from collections.abc import Iterable, Sequence, Sized
from dataclasses import dataclass
from functools import cache

import numpy as np

from qlora_gov.evidence.datasets import evaluation_rows
from qlora_gov.evidence.evaluations import dataset_of
from qlora_gov.ledger import Ledger
from qlora_gov.ledger.reading import fetch, held
from qlora_gov.plugin.looks import Earlier, Look
from qlora_gov.plugin.specs import Bools, Floats
from qlora_gov.records import DatasetVersion, Decision, Policy
from qlora_gov.records.example import Example, Message

TELLS = 0.5
"""The share of rows that a part of the conversation must tell apart for rows to be known by that part."""


@dataclass(frozen=True)
class RowNames:
    """By what rows are known again: their texts, from the shortest part of the conversation to the whole, and groups.

    A text is known whatever its case, white space, and the punctuation around it. Labels, references, order and
    copies make no row another one.
    """

    texts: tuple[Sequence[bytes], ...]
    groups: Sequence[str]

    @classmethod
    def of(cls, examples: Sequence[Example]) -> RowNames:
        """Of the rows of one set."""
        return cls(
            (
                [_text(m for m in example.prompt if m.role != "system") for example in examples],
                [_text(example.prompt) for example in examples],
                [_text(example.messages) for example in examples],
            ),
            [example.group for example in examples],
        )

    @property
    def telling(self) -> int:
        """The index of the shortest part that tells rows apart: more than the question where all ask the same."""
        distinct = [len(set(texts)) for texts in self.texts]
        return next(index for index, count in enumerate(distinct) if count >= TELLS * distinct[-1])

    def among(self, other: RowNames) -> Bools:
        """Which of these rows another set holds ``[n]``: they have a text or a group in common with one of its rows."""
        texts, groups = set(other.texts[self.telling]), {group for group in other.groups if _names(group)}
        mine = zip(self.texts[self.telling], self.groups, strict=True)
        return np.array([text in texts or group in groups for text, group in mine], dtype=np.bool_)

    @property
    def weights(self) -> Floats:
        """Each row's weight ``[n]``: rows of one text share that of one."""
        texts = self.texts[self.telling]
        copies = Counter(texts)
        return np.array([1 / copies[text] for text in texts], dtype=np.float64)


def earlier_looks(
    ledger: Ledger, dataset: str, policy: Policy, passed_over: Sized | None, before: int | None = None
) -> Earlier:
    """The decisions that judged rows of an evaluation set, as a policy counts them.

    Args:
        ledger: where they are.
        dataset: the id of the set's version; under whatever id its rows were curated, they are the same rows.
        policy: says whether a decision on some of the rows, in another set, is a look at these.
        passed_over: the evaluations on these rows that were looked at and not judged.
        before: the number of the entry that they come before; by default all are meant.
    """
    version = fetch(ledger, dataset, DatasetVersion)
    earlier = looks_at_rows(ledger, version, evaluation_rows(ledger, dataset), policy, before)
    return earlier.and_all(len(passed_over)) if passed_over and policy.looks_by == "row" else earlier


def looks_at_rows(
    ledger: Ledger, version: DatasetVersion, examples: Sequence[Example], policy: Policy, before: int | None = None
) -> Earlier:
    """The same for rows that may not be on record yet."""
    mine = RowNames.of(examples) if policy.looks_by == "row" else None

    @cache
    def shared(digest: str, id_: str) -> Bools:
        if digest == version.digest:
            return np.ones(version.rows, dtype=np.bool_)
        if mine is None:
            return np.zeros(version.rows, dtype=np.bool_)
        return mine.among(RowNames.of(evaluation_rows(ledger, id_)))

    looks = []
    for entry in ledger.entries(Decision.kind):
        decision = held(entry, Decision)
        if (before is None or entry.seq < before) and decision.tested:
            judged = fetch(ledger, dataset_of(ledger, decision.candidate), DatasetVersion)
            looks.append(Look(shared(judged.digest, judged.id), decision.unmeasured))
    weights = np.ones(version.rows) if mine is None else mine.weights
    return Earlier([look for look in looks if look.rows.any()], weights)


def _text(messages: Iterable[Message]) -> bytes:
    """The digest of turns as they are known again."""
    return hashlib.blake2b("\n".join(_plain(m.content) for m in messages).encode(), digest_size=16).digest()


def _plain(text: str) -> str:
    """A text without case, white space, invisible characters and what stands around it."""
    if not text.isascii():
        text = unicodedata.normalize("NFKC", text)
        text = "".join(one for one in text if unicodedata.category(one) not in ("Cf", "Cc"))
    text = "".join(text.casefold().split())
    ends = [place for place, one in enumerate(text) if one.isalnum()]
    return text[ends[0] : ends[-1] + 1] if ends else text


def _names(group: str) -> bool:
    """Whether a group's name says which it is in other sets, too: a bare number does not."""
    return not group.isdigit()
