"""Guardrails: detectors, with what they can and cannot find."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from qlora_gov.plugin.specs.base import Spec
from qlora_gov.records import DetectorFigure


@dataclass(frozen=True)
class Finding:
    """Something a detector saw: its kind, a score from 0 to 1, and the span of characters ``[start, end)``.

    The kind is one that the spec declares, and the span lies within the text; else it is an error of the detector.
    """

    kind: str
    score: float
    start: int
    end: int


class Guardrail(Protocol):
    """A detector. The core uses the same one to filter and redact training rows and to measure responses."""

    def detect(self, texts: Sequence[str]) -> Sequence[Sequence[Finding]]:
        """Return the findings of each text, in its place. A text is flagged when it has any."""
        ...


ANY = "*"
"""Stands in ``GuardrailSpec.also`` for whatever kinds a model has that the project chooses."""


@dataclass(frozen=True)
class Coverage:
    """What a detector finds, what it does not, and what it was seen to flag and to pass over on labelled texts."""

    covers: tuple[str, ...]
    misses: tuple[str, ...]
    measured: tuple[DetectorFigure, ...] = ()


@dataclass(frozen=True, kw_only=True)
class GuardrailSpec(Spec):
    """A detector, with the kinds it can find and, as honestly, those it cannot.

    ``covers`` are the kinds that it finds, ``also`` those that it finds besides at some settings; ``*`` stands for the
    kinds of a model that the project chooses. A finding of any other kind is an error of the detector. ``measured``
    says how often it finds what, where somebody has tried it on labelled texts. Where these depend on the settings,
    ``stated`` gives them for some; ``covers`` then names every kind that some settings find.
    """

    kind = "guardrail"
    methods = ("detect",)
    covers: tuple[str, ...]
    misses: tuple[str, ...]
    also: tuple[str, ...] = ()
    measured: tuple[DetectorFigure, ...] = ()
    stated: Callable[[Any], Coverage] | None = None

    @property
    def kinds(self) -> frozenset[str]:
        """Every kind that it may report."""
        return frozenset((*self.covers, *self.also))

    def coverage(self, settings: Any) -> Coverage:
        """What the detector covers by some settings."""
        return self.stated(settings) if self.stated else Coverage(self.covers, self.misses, self.measured)
