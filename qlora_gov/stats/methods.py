"""The revisions of the statistical methods. Each stays as it is: what it found must come out again later, too.

A method that gets better gets a new function, and the revision that names it. Decisions judge by the newest revision
and record its number; verification judges again by the one that is on record. One retires when no golden ledger names
it any more.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from qlora_gov.records import DetectorErrors
from qlora_gov.stats.clusters import Integers
from qlora_gov.stats.detectors import corrected_rate
from qlora_gov.stats.paired_binary import paired_score
from qlora_gov.stats.rates import exact_rate
from qlora_gov.stats.results import Estimate, Withheld
from qlora_gov.stats.studentised import Sample, studentised_estimates


@dataclass(frozen=True)
class Methods:
    """One revision: what a rate, a paired difference of rates, anything else, and a detector's rate go by."""

    exact_rate: Callable[[int, Integers], Estimate]
    paired_score: Callable[[int, int, int], Estimate]
    studentised: Callable[[Sequence[Sample]], list[Estimate | Withheld]]
    corrected_rate: Callable[[int, Integers, DetectorErrors], Estimate | Withheld]


METHODS: dict[int, Methods] = {1: Methods(exact_rate, paired_score, studentised_estimates, corrected_rate)}
"""Every revision that a ledger may name, by its number."""


def newest_methods() -> int:
    """The revision that decisions are made by."""
    return max(METHODS)
