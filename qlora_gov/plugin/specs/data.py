"""Sources of examples, and the steps of their curation."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from qlora_gov.plugin.specs.base import Spec
from qlora_gov.records import DetectorFigure
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
    methods = ("read",)


@dataclass(frozen=True)
class Span:
    """A part of a row's text: which turn, counted from 0, what was seen there, and the characters from and to.

    The rejected answer of a preference pair is counted as a turn after the last one.
    """

    turn: int
    kind: str
    start: int
    end: int


@dataclass(frozen=True)
class Drop:
    """A filter's word that a row goes, and why, in a few stable words that can be counted.

    ``score`` is how sure or how alike, where a number says it; ``matched`` the id of the row that it was held against;
    ``spans`` where in it something was found. They are put on record, the row's text is not.
    """

    reason: str
    score: float | None = None
    matched: str | None = None
    spans: tuple[Span, ...] = ()


@dataclass(frozen=True)
class Change:
    """A row with other text or labels, and why, as a :class:`Drop` says it; a row that is returned bare has no why."""

    example: Example
    reason: str
    score: float | None = None
    spans: tuple[Span, ...] = ()


class Filter(Protocol):
    """A step of curation that judges each row by itself, whatever stands beside it."""

    def apply(self, rows: Sequence[Example]) -> Sequence[Example | Change | Drop]:
        """Return, for each row in its place, the row itself, a changed one, or a Drop.

        A changed one is made with ``with_messages`` or ``model_copy`` and keeps its ``source``: with another address it
        is another row, and refused, and so is a training row that became a held-out one. No row may be changed in
        place. Rows come in batches of any size, and in several processes: a result must not depend on the rest.
        """
        ...


class DecontaminatingFilter(Filter, Protocol):
    """A filter that is shown the held-out rows before it sees the first row.

    A row that shares something with one is dropped or, where the project wants it kept, returned with a label that says
    so: every row whose labels such a filter changes counts as one that was left in.
    """

    def keep_clear_of(self, held_out: Sequence[Example]) -> None:
        """Take note of the evaluation rows; none when the evaluation set itself is curated."""
        ...


class SetFilter(Protocol):
    """A step that judges rows by all of them, and so by a sketch of each: no step ever holds the whole set."""

    def sketch(self, rows: Sequence[Example]) -> Sequence[bytes]:
        """What :meth:`choose` has to know of each row. As with ``apply``, rows come in batches of any size."""
        ...

    def choose(self, ids: Sequence[str], sketches: Sequence[bytes]) -> Mapping[int, Drop]:
        """Why rows go, by their place in ``sketches``; ``ids`` are for :attr:`Drop.matched`.

        Rows stand in the order of what they say, whatever file and line they came from, so that a filter which keeps
        the first of several keeps the same one always.
        """
        ...


@dataclass(frozen=True, kw_only=True)
class FilterSpec(Spec):
    """A filter or transformation of examples.

    ``scope`` says whether it judges each row by itself, as a :class:`Filter`, or the set, as a :class:`SetFilter`.
    ``decontaminates`` says that it drops training rows that share something with a held-out row, and so is shown those
    rows, as a :class:`DecontaminatingFilter`: the card then tells the training set kept clear of the evaluation set.
    ``measured(settings)`` says how often it finds what it looks for, where somebody has tried that with such settings.
    """

    kind = "filter"
    scope: Literal["row", "set"] = "row"
    decontaminates: bool = False
    measured: Callable[[Any], tuple[DetectorFigure, ...]] | None = None

    @property
    def calls(self) -> tuple[str, ...]:
        """The methods that the core calls."""
        if self.scope == "set":
            return ("sketch", "choose")
        return ("apply", "keep_clear_of") if self.decontaminates else ("apply",)
