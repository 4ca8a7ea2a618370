"""Corpus BLEU: sacrebleu counts, numpy aggregates."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from qlora_gov import EvaluatedRow, Settings

ORDERS = 4


class BleuSettings(Settings):
    """``tokenize``: one of sacrebleu's tokenizers that need nothing beside it."""

    tokenize: Literal["13a", "intl", "char", "zh", "none"] = Field(default="13a", description="sacrebleu's tokenizer")


class Bleu:
    """BLEU of a corpus (Papineni et al., 2002) with sacrebleu's default, exponential smoothing.

    A row's statistics are its lengths in tokens and, for each n-gram order, the matches and the total. They add up
    over rows, so the value over any rows is what ``sacrebleu.corpus_bleu`` says of these rows.
    """

    components: ClassVar[tuple[str, ...]] = (
        "sys_len",
        "ref_len",
        *(f"correct_{order}" for order in range(1, ORDERS + 1)),
        *(f"total_{order}" for order in range(1, ORDERS + 1)),
    )

    def __init__(self, settings: BleuSettings) -> None:
        self._tokenize = settings.tokenize

    def score(self, rows: Sequence[EvaluatedRow]) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
        """Counts ``[n, 10]``, and the rows that have a response ``[n]``."""
        from sacrebleu.metrics import BLEU

        # The effective order touches a sentence's score, not its counts; without it sacrebleu advises it in a log.
        counter = BLEU(tokenize=self._tokenize, effective_order=True)
        stats = np.zeros((len(rows), len(self.components)))
        scored = np.array([row.response is not None for row in rows], dtype=np.bool_)
        for index, row in enumerate(rows):
            if row.response is not None:
                stats[index] = _counts(counter, row.example.reference, row.response)
        return stats, scored

    def aggregate(self, sums: NDArray[np.float64]) -> NDArray[np.float64]:
        """BLEU, 0 to 100, ``[..., 10]`` to ``[...]``; NaN where neither side has a token.

        As in sacrebleu, nothing matched gives 0, and so does a corpus too short to have 4-grams. Smoothing is
        method 3 of Chen and Cherry (2014): the k-th order without a match counts 1 / 2**k of one.
        """
        sys_len, ref_len = sums[..., 0], sums[..., 1]
        correct, total = sums[..., 2 : 2 + ORDERS], sums[..., 2 + ORDERS :]
        missed = correct == 0
        matches = np.where(missed, 0.5 ** np.cumsum(missed, axis=-1), correct)
        defined = (total > 0).all(axis=-1) & (correct > 0).any(axis=-1)
        logs = np.log(matches) - np.log(np.where(total > 0, total, 1))
        # log of the brevity penalty: 0 where the responses are no shorter than the references
        brevity = np.minimum(0, 1 - ref_len / np.where(sys_len > 0, sys_len, 1))
        bleu = np.where(defined, 100 * np.exp(brevity + logs.mean(axis=-1)), 0.0)
        return np.where((sys_len > 0) | (ref_len > 0), bleu, np.nan)


def _counts(counter: Any, reference: str, response: str) -> list[int]:
    sentence = counter.sentence_score(response, [reference])
    return [sentence.sys_len, sentence.ref_len, *sentence.counts, *sentence.totals]
