"""Sources of examples, and the steps of their curation."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from qlora_gov.plugin.specs.base import Spec
from qlora_gov.records.example import Example


class Source(Protocol):
    """Where examples come from."""

    def read(self) -> Iterator[Example]:
        """Yield the examples in a stable order. Raises DataError that names the file and line."""
        ...


@dataclass(frozen=True, kw_only=True)
class SourceSpec(Spec):
    """A source of examples."""

    kind = "source"
    calls = ("read",)


@dataclass(frozen=True)
class Drop:
    """A filter's word that a row goes, and why, in a few stable words that can be counted."""

    reason: str


class Filter(Protocol):
    """A step of curation."""

    def apply(self, examples: Sequence[Example], held_out: Sequence[Example]) -> Sequence[Example | Drop]:
        """Return, for each example in its place, the example itself, a changed one, or a Drop.

        A changed one is made with ``with_messages`` or ``model_copy`` and keeps its ``source``: with another address it
        is another row, and refused, and so is a training row that became a held-out one. Neither list, nor any row
        in it, may be changed in place.

        ``held_out`` are the evaluation examples that training data must be kept clear of; empty when the
        evaluation set itself is curated.
        """
        ...


@dataclass(frozen=True, kw_only=True)
class FilterSpec(Spec):
    """A filter or transformation of examples.

    ``decontaminates`` says that it drops training rows that share something with a held-out row: the card then tells
    the training set kept clear of the evaluation set, by this step.
    """

    kind = "filter"
    calls = ("apply",)
    decontaminates: bool = False
