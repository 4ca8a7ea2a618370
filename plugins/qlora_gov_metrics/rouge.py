"""Rouge-L, by rouge-score."""

from __future__ import annotations

import re
from functools import cached_property
from typing import Any, Literal

from pydantic import Field

from qlora_gov import EvaluatedRow, Example, MeanMetric, Settings, Unread
from qlora_gov_metrics.scripts import lost, words

_ROUGE_WORD = re.compile("[a-z0-9]+")


class RougeLSettings(Settings):
    """``stemmer``: compare Porter stems rather than words, for longer English words.

    ``tokenizer``: what a word is. ``rouge-score`` knows the letters a to z and the digits; ``unicode`` knows words of
    any language, takes each letter of scripts without spaces for one, and gives the same on ASCII text.
    """

    stemmer: bool = Field(default=False, description="compare stems rather than words")
    tokenizer: Literal["rouge-score", "unicode"] = Field(default="rouge-score", description="what finds the words")


class UnicodeTokenizer:
    """Words of any language, as rouge-score asks for them; those of a to z by their stems, where that is asked."""

    def __init__(self, stemmer: bool) -> None:
        from rouge_score.tokenizers import DefaultTokenizer

        self._stems = DefaultTokenizer(use_stemmer=True) if stemmer else None

    def tokenize(self, text: str) -> list[str]:
        """The words of a text."""
        if self._stems is None:
            return words(text)
        return [stem for word in words(text) for stem in (self._stems.tokenize(word) if word.isascii() else [word])]


class RougeL(MeanMetric):
    """F of the longest common subsequence of words, 0 to 1 (Lin, 2004, "ROUGE"), averaged over rows.

    rouge-score lower-cases and splits at everything but ASCII letters and digits. Of text in other scripts only
    figures are left, and words with an accent fall into pieces: such rows are not read, unless ``tokenizer: unicode``
    finds the words.
    """

    def __init__(self, settings: RougeLSettings) -> None:
        self._stemmer = settings.stemmer
        self._unicode = settings.tokenizer == "unicode"

    @cached_property
    def _scorer(self) -> Any:
        from rouge_score.rouge_scorer import RougeScorer

        own = UnicodeTokenizer(self._stemmer) if self._unicode else None
        return RougeScorer(["rougeL"], use_stemmer=self._stemmer, tokenizer=own)

    def unread(self, example: Example) -> Unread | None:
        """What rouge-score loses of the reference, where that is more than a few words; or that it has none."""
        has_words = bool(words(example.reference))
        if self._unicode:
            what = None if has_words else "no word"
        else:
            what = lost(example.reference, lambda word: _ROUGE_WORD.fullmatch(word) is not None)
        remedy = "set tokenizer: unicode" if has_words else "write a reference of words, or judge by another metric"
        return None if what is None else Unread(what, remedy)

    def score_row(self, row: EvaluatedRow) -> float | None:
        """F of the response against the reference; None where there is no response."""
        if row.response is None:
            return None
        return float(self._scorer.score(row.example.reference, row.response)["rougeL"].fmeasure)
