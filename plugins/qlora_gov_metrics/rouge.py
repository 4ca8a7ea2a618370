"""Rouge-L, by rouge-score."""

from __future__ import annotations

from functools import cached_property
from typing import Any

from pydantic import Field

from qlora_gov import EvaluatedRow, MeanMetric, Settings


class RougeLSettings(Settings):
    """``stemmer``: compare Porter stems rather than words, for longer English words."""

    stemmer: bool = Field(default=False, description="compare stems rather than words")


class RougeL(MeanMetric):
    """F of the longest common subsequence of words, 0 to 1 (Lin, 2004, "ROUGE"), averaged over rows.

    rouge-score lower-cases and splits at everything but ASCII letters and digits: a text without any scores 0, so
    in languages of other scripts this metric says nothing.
    """

    def __init__(self, settings: RougeLSettings) -> None:
        self._stemmer = settings.stemmer

    @cached_property
    def _scorer(self) -> Any:
        from rouge_score.rouge_scorer import RougeScorer

        return RougeScorer(["rougeL"], use_stemmer=self._stemmer)

    def score_row(self, row: EvaluatedRow) -> float | None:
        """F of the response against the reference; None where there is no response."""
        if row.response is None:
            return None
        return float(self._scorer.score(row.example.reference, row.response)["rougeL"].fmeasure)
