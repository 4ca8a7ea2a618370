"""The revisions of the statistical methods. Each stays as it is: what it found must come out again later, too.

A method that gets better gets a new function, and the revision that names it. Decisions judge by the newest revision
and record its number; verification judges again by the one that is on record. One retires when no golden ledger names
it any more.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

from qlora_gov.records import DetectorErrors
from qlora_gov.stats.clusters import Integers
from qlora_gov.stats.contrasts import Contrast
from qlora_gov.stats.detectors import corrected_rate
from qlora_gov.stats.paired_binary import paired_score
from qlora_gov.stats.paired_difference import exact_paired_score
from qlora_gov.stats.paired_ratio import Pairs, exact_paired_ratio
from qlora_gov.stats.rates import exact_rate
from qlora_gov.stats.results import Estimate, Withheld
from qlora_gov.stats.safeguards import by_skewness, by_weight
from qlora_gov.stats.samples import Sample
from qlora_gov.stats.studentised import studentised_estimates


@dataclass(frozen=True)
class Methods:
    """One revision: what a rate, a paired difference of rates, anything else, and a detector's rate go by.

    ``paired_ratio`` is for relative margins on rates; where it is None they go by ``studentised``. With it, rows are
    known to be right or wrong by their values; without, by what the metric declares.
    """

    exact_rate: Callable[[int, Integers], Estimate]
    paired_score: Callable[[int, int, int], Estimate]
    studentised: Callable[[Sequence[Sample]], list[Estimate | Withheld]]
    corrected_rate: Callable[[int, Integers, DetectorErrors], Estimate | Withheld]
    paired_ratio: Callable[[Pairs, Contrast], Estimate | Withheld] | None = None


METHODS: dict[int, Methods] = {
    1: Methods(exact_rate, paired_score, partial(studentised_estimates, safeguards=by_skewness), corrected_rate),
    2: Methods(
        exact_rate,
        exact_paired_score,
        partial(studentised_estimates, safeguards=by_weight),
        corrected_rate,
        exact_paired_ratio,
    ),
}
"""Every revision that a ledger may name, by its number."""


def newest_methods() -> int:
    """The revision that decisions are made by."""
    return max(METHODS)
