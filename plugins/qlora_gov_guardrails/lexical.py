"""The lexical screen: rude words, by alt-profanity-check."""

from __future__ import annotations

from collections.abc import Sequence

from pydantic import Field

from qlora_gov import Finding, Settings

KIND = "lexical-toxicity"


class LexicalSettings(Settings):
    """``threshold``: the least probability that is a finding; it is not calibrated."""

    threshold: float = Field(default=0.5, gt=0, le=1, description="least probability that is a finding")


class LexicalScreen:
    """A linear model over the words of a text. It knows rude words; it does not know what is meant.

    The score is of the text as a whole, so a finding spans all of it.
    """

    def __init__(self, settings: LexicalSettings) -> None:
        self._threshold = settings.threshold

    def detect(self, texts: Sequence[str]) -> list[list[Finding]]:
        """At most one finding for each text."""
        from profanity_check import predict_prob

        if not texts:  # scikit-learn refuses an empty matrix
            return []
        scores = predict_prob(list(texts)).tolist()
        return [
            [Finding(KIND, score, 0, len(text))] if score >= self._threshold else []
            for text, score in zip(texts, scores, strict=True)
        ]
