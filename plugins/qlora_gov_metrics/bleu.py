"""Corpus BLEU: sacrebleu counts, numpy aggregates."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from qlora_gov import EvaluatedRow, Example, PluginError, Settings, Unread
from qlora_gov_metrics.tokenizers import Tokenizer, chosen, require_tokenizer, unsplit

ORDERS = 4


class BleuSettings(Settings):
    """``tokenize``: one of sacrebleu's tokenizers, or ``auto``, with which each row takes the one of its language.

    With ``auto`` a row goes by its ``language``, a tag such as ``zh`` or ``pt-BR``, or where it declares none by the
    scripts of its reference. Words of one row and characters of another are then counted together: the value compares
    subjects on the same rows, and nothing else. Rules with ``where: {language: ...}`` judge each by its own.
    """

    tokenize: Literal[Tokenizer, "auto"] = Field(default="13a", description="sacrebleu's tokenizer, or auto")

    def require(self) -> None:
        """Raise PluginError where the tokenizer is not at hand; with ``auto`` the rows tell which are needed."""
        if self.tokenize != "auto":
            require_tokenizer(self.tokenize)


class Bleu:
    """BLEU of a corpus (Papineni et al., 2002) with sacrebleu's default, exponential smoothing.

    A row's statistics are its lengths in tokens and, for each n-gram order, the matches and the total. They add up
    over rows, so the value over any rows is what ``sacrebleu.corpus_bleu`` says of these rows.

    A tokenizer that finds words by their spaces reads no text of a script that has none: whole sentences are words to
    it, and an answer that differs in a character scores 0.
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
        counters: dict[Tokenizer, Any] = {}
        stats = np.zeros((len(rows), len(self.components)))
        scored = np.array([row.response is not None for row in rows], dtype=np.bool_)
        for index, row in enumerate(rows):
            if row.response is not None:
                tokenizer = self._tokenizer(row.example)
                if tokenizer not in counters:
                    counters[tokenizer] = _counter(tokenizer, row.example)
                stats[index] = _counts(counters[tokenizer], row.example.reference, row.response)
        return stats, scored

    def unread(self, example: Example) -> Unread | None:
        """The script of a reference in which the row's tokenizer finds no words."""
        tokenizer = self._tokenizer(example)
        script = unsplit(tokenizer, example.reference)
        if script is None:
            return None
        if self._tokenize == "auto":
            return Unread(script, f"correct its language ({example.language}), or set tokenize: char")
        return Unread(script, "set tokenize: auto")

    def _tokenizer(self, example: Example) -> Tokenizer:
        return chosen(example) if self._tokenize == "auto" else self._tokenize

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


def _counter(tokenizer: Tokenizer, example: Example) -> Any:
    """What counts with a tokenizer. Raises PluginError, with the first row that takes it, where it is not at hand."""
    from sacrebleu.metrics import BLEU

    try:
        require_tokenizer(tokenizer)
        # The effective order touches a sentence's score, not its counts; without it sacrebleu advises it in a log.
        return BLEU(tokenize=tokenizer, effective_order=True)
    except (PluginError, ImportError, RuntimeError, OSError, AssertionError) as error:
        said = " ".join(str(error).split())
        raise PluginError(f"bleu: {example.source}: {said}; tokenize: char needs nothing") from error


def _counts(counter: Any, reference: str, response: str) -> list[int]:
    sentence = counter.sentence_score(response, [reference])
    return [sentence.sys_len, sentence.ref_len, *sentence.counts, *sentence.totals]
