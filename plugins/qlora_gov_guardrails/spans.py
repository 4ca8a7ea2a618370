"""Recognisers of our own for presidio's engine: what a function finds is certain, and of one kind."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from presidio_analyzer import AnalysisExplanation, LocalRecognizer, RecognizerResult

from qlora_gov_guardrails.accounts import find_ibans
from qlora_gov_guardrails.addresses import find_ip, find_mail, find_urls
from qlora_gov_guardrails.cards import find_cards


class SpanRecognizer(LocalRecognizer):  # type: ignore[misc]  # presidio has no types for mypy to see
    """Finds one kind by a function from a text to spans of its characters."""

    def __init__(self, kind: str, find: Callable[[str], Iterable[tuple[int, int]]], score: float) -> None:
        self._find = find
        self._score = score
        super().__init__(supported_entities=[kind], supported_language="en", name=f"{kind} by {find.__name__}")

    def load(self) -> None:
        """There is nothing to load."""

    def analyze(self, text: str, entities: list[str], nlp_artifacts: Any = None) -> list[RecognizerResult]:
        """The findings of a text, each at the recogniser's score."""
        [kind] = self.supported_entities
        why = AnalysisExplanation(recognizer=self.name, original_score=self._score)
        return [RecognizerResult(kind, start, end, self._score, why) for start, end in self._find(text)]


def own_recognizers() -> list[SpanRecognizer]:
    """Those kinds that presidio's patterns find in part, or where there are none."""
    return [
        SpanRecognizer("CREDIT_CARD", find_cards, 1.0),
        SpanRecognizer("EMAIL_ADDRESS", find_mail, 1.0),
        SpanRecognizer("IBAN_CODE", find_ibans, 1.0),
        SpanRecognizer("IP_ADDRESS", find_ip, 0.6),
        SpanRecognizer("URL", find_urls, 0.6),
    ]
