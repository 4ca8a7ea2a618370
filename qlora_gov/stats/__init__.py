"""Intervals for metrics and paired comparisons. numpy and scipy only; it knows nothing of models."""

from qlora_gov.stats.clusters import effective_rows
from qlora_gov.stats.contrasts import DIFFERENCE, LOG_RATIO, VALUE, Contrast, Hypothesis, no_worse, scaled_difference
from qlora_gov.stats.detectors import corrected_rate
from qlora_gov.stats.estimators import estimate, estimate_all, value_of
from qlora_gov.stats.methods import METHODS, Methods, newest_methods
from qlora_gov.stats.power import detectable, round_up, rows_for_rate, rows_needed
from qlora_gov.stats.results import Caution, Estimate, Withheld
from qlora_gov.stats.shares import apportioned
from qlora_gov.stats.slices import SliceFindings, judge_slices

__all__ = [
    "DIFFERENCE",
    "LOG_RATIO",
    "METHODS",
    "VALUE",
    "Caution",
    "Contrast",
    "Estimate",
    "Hypothesis",
    "Methods",
    "SliceFindings",
    "Withheld",
    "apportioned",
    "corrected_rate",
    "detectable",
    "effective_rows",
    "estimate",
    "estimate_all",
    "judge_slices",
    "newest_methods",
    "no_worse",
    "round_up",
    "rows_for_rate",
    "rows_needed",
    "scaled_difference",
    "value_of",
]
