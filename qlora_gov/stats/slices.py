"""Many slices under one rule: which are shown to keep it, which to break it, and which tell nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from qlora_gov.stats.contrasts import Hypothesis
from qlora_gov.stats.results import Estimate, Withheld


@dataclass(frozen=True)
class SliceFindings:
    """Slices by what is shown of them; ``silent`` ones, an empty slice among them, show nothing."""

    kept: frozenset[str]
    broken: frozenset[str]
    silent: frozenset[str]


def judge_slices(slices: Mapping[str, tuple[Estimate | Withheld, Hypothesis]], alpha: float) -> SliceFindings:
    """Test each slice's claim.

    Keeping the rule takes all slices, so each is tested at the full ``alpha`` (an intersection-union test). Breaking
    it takes one, so that many slices would break it by chance: Holm (1979) holds the chance of any at ``alpha``.
    """
    told = {name: (found, hypothesis) for name, (found, hypothesis) in slices.items() if isinstance(found, Estimate)}
    kept = {name for name, (found, hypothesis) in told.items() if hypothesis.holds(found, alpha)}
    broken: set[str] = set()
    while remaining := len(slices) - len(broken):
        more = {
            name for name, (found, hypothesis) in told.items() if hypothesis.fails(found, alpha / remaining)
        } - broken
        if not more:
            break
        broken |= more
    return SliceFindings(frozenset(kept), frozenset(broken), frozenset(set(slices) - kept - broken))
