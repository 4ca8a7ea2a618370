"""Guardrails: detectors, with what they can and cannot find."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from qlora_gov.plugin.specs.base import Spec
from qlora_gov.records import DetectorFigure


@dataclass(frozen=True)
class Finding:
    """Something a detector saw: its kind, a score from 0 to 1, and the span of characters ``[start, end)``."""

    kind: str
    score: float
    start: int
    end: int


class Guardrail(Protocol):
    """A detector. The core uses the same one to filter and redact training rows and to measure responses."""

    def detect(self, texts: Sequence[str]) -> Sequence[Sequence[Finding]]:
        """Return the findings of each text, in its place. A text is flagged when it has any."""
        ...


@dataclass(frozen=True)
class Coverage:
    """What a detector finds, what it does not, and what it was seen to flag and to pass over on labelled texts."""

    covers: tuple[str, ...]
    misses: tuple[str, ...]
    measured: tuple[DetectorFigure, ...] = ()


@dataclass(frozen=True, kw_only=True)
class GuardrailSpec(Spec):
    """A detector, with the kinds it can find and, as honestly, those it cannot.

    ``measured`` says how often, where somebody has tried it on labelled texts. Where these three depend on the
    settings, ``stated`` gives them for some; ``covers`` then names every kind that some settings find.
    """

    kind = "guardrail"
    covers: tuple[str, ...]
    misses: tuple[str, ...]
    measured: tuple[DetectorFigure, ...] = ()
    stated: Callable[[Any], Coverage] | None = None

    def coverage(self, settings: Any) -> Coverage:
        """What the detector covers by some settings."""
        return self.stated(settings) if self.stated else Coverage(self.covers, self.misses, self.measured)
