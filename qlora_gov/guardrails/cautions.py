"""What people should know of a detector before they let it act, from what was measured of it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import product

from qlora_gov.records import DetectorFigure

DROP = "drop"


def figure_words(figure: DetectorFigure) -> str:
    """One figure as a part of a sentence."""
    verb = "finds" if figure.wanted else "flags"
    return f"{verb} {figure.flagged:,} of {figure.of:,} {figure.what} ({_where(figure)})"


def inversions(figures: Sequence[DetectorFigure]) -> Iterator[tuple[DetectorFigure, DetectorFigure]]:
    """What a detector should flag, with what it should leave alone in the same texts and flags at least as often."""
    wanted, other = ([one for one in figures if one.wanted is sort] for sort in (True, False))
    for one, spared in product(wanted, other):
        if (one.texts, one.at) == (spared.texts, spared.at) and spared.flagged and spared.rate >= one.rate:
            yield one, spared


def cautions(name: str, action: str, figures: Sequence[DetectorFigure]) -> list[str]:
    """A line for each kind of text that a curation step drops in preference to those that it is there to drop."""
    if action != DROP:
        return []
    return [
        f"{name} with action {DROP} drops {spared.what} ({_share(spared)}) no less than {one.what} ({_share(one)}), "
        f"as measured on {_where(one)}"
        for one, spared in inversions(figures)
    ]


def _share(figure: DetectorFigure) -> str:
    return f"{figure.flagged:,} of {figure.of:,}, {figure.rate:.0%}"


def _where(figure: DetectorFigure) -> str:
    return f"{figure.texts}, {figure.at}" if figure.at else figure.texts
