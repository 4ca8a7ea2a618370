"""What was measured of a detector, in words, and what follows from it for those who let it act."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import product

from qlora_gov.records import DetectorErrors, DetectorFigure

DROP = "drop"


def figure_lines(figures: Sequence[DetectorFigure]) -> tuple[str, ...]:
    """What was measured of a detector, a line for each set of texts."""
    by_texts: dict[str, list[DetectorFigure]] = {}
    for figure in figures:
        by_texts.setdefault(_where(figure), []).append(figure)
    return tuple(f"of {where}, it {_found(ones)}" for where, ones in by_texts.items())


def _found(figures: Sequence[DetectorFigure]) -> str:
    sorts = (("finds", True), ("flags", False))
    parts = ((verb, [_words(one) for one in figures if one.wanted is sort]) for verb, sort in sorts)
    return "; it ".join(f"{verb} {', '.join(words)}" for verb, words in parts if words)


def _words(figure: DetectorFigure) -> str:
    return f"{figure.flagged:,} of {figure.of:,} {figure.what} ({figure.rate:.0%})"


def _where(figure: DetectorFigure) -> str:
    return f"{figure.texts}, {figure.at}" if figure.at else figure.texts


def drop_cautions(name: str, action: str, figures: Sequence[DetectorFigure]) -> tuple[str, ...]:
    """A line for each sort of text that a curation step drops no less than those that it is there to drop."""
    if action != DROP:
        return ()
    return tuple(
        f"{name} drops {_words(spared)} and {_words(one)}, as measured on {_where(one)}: it would drop what should "
        "stay no less than what should go"
        for one, spared in _inversions(figures)
    )


def errors_of(figures: Sequence[DetectorFigure]) -> Iterator[DetectorErrors]:
    """A detector's errors on each set of texts of which some should be flagged and others be left alone."""
    for one, spared in _pairs(figures):
        yield DetectorErrors(
            found=one.flagged,
            present=one.of,
            spared=spared.of - spared.flagged,
            absent=spared.of,
            measured_on=_where(one),
        )


def _inversions(figures: Sequence[DetectorFigure]) -> Iterator[tuple[DetectorFigure, DetectorFigure]]:
    """What a detector should flag, with what it should leave alone in the same texts and flags at least as often."""
    return ((one, spared) for one, spared in _pairs(figures) if spared.flagged and spared.rate >= one.rate)


def _pairs(figures: Sequence[DetectorFigure]) -> Iterator[tuple[DetectorFigure, DetectorFigure]]:
    """What a detector should flag, with what it should leave alone in the same texts."""
    wanted, other = ([one for one in figures if one.wanted is sort] for sort in (True, False))
    return ((one, spared) for one, spared in product(wanted, other) if _where(one) == _where(spared))
