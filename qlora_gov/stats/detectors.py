"""A detector's rate corrected by its measured errors, with their uncertainty carried through.

The estimate is that of Rogan and Gladen (1978), the interval that of Lang and Reiczigel (2014), Prev. Vet. Med. 113:13.
The raw rate gates; the corrected one is printed beside it.
"""

from __future__ import annotations

import numpy as np
from scipy.special import ndtri

from qlora_gov.records import DetectorErrors
from qlora_gov.stats.clusters import Integers, effective_rows
from qlora_gov.stats.rates import on_effective_rows
from qlora_gov.stats.results import Estimate, Withheld


def corrected_rate(hits: int, clusters: Integers, errors: DetectorErrors) -> Estimate | Withheld:
    """The true rate behind ``hits`` flagged among the rows of ``clusters [n]``.

    Rows of one cluster are taken to repeat each other, as for an exact rate. Withheld where the detector tells
    nothing apart, and where it flags no more than it flags by mistake.
    """
    rows, count = clusters.size, np.unique(clusters).size
    if not rows:
        return Withheld("there are no rows", rows, count)
    if min(_gain(errors.sensitivity, errors.specificity), _gain(*_shrunk(errors))) <= 0:
        return Withheld(f"the detector told nothing apart on {errors.measured_on}", rows, count)
    rate = (hits / rows + errors.specificity - 1) / _gain(errors.sensitivity, errors.specificity)
    if rate <= 0:
        floor = 1 - errors.specificity
        reason = f"below the detector's floor: it flags {floor:.2%} by mistake (measured on {errors.measured_on})"
        return Withheld(reason, rows, count)
    effective = effective_rows(clusters)

    def interval(level: float) -> tuple[float, float]:
        return _lang_reiczigel(hits / rows, effective, errors, float(ndtri((1 + level) / 2)))

    low, high = _lang_reiczigel(hits / rows, effective, errors, 1.0)
    method = on_effective_rows("Lang-Reiczigel", clusters)
    return Estimate(min(rate, 1.0), (high - low) / 2, method, rows, count, interval)


def _gain(sensitivity: float, specificity: float) -> float:
    """How much more often the detector flags what is there than what is not (Youden's index)."""
    return sensitivity + specificity - 1


def _shrunk(errors: DetectorErrors) -> tuple[float, float]:
    """Sensitivity and specificity with one text found and one not found more, as the interval takes them."""
    return (errors.found + 1) / (errors.present + 2), (errors.spared + 1) / (errors.absent + 2)


def _lang_reiczigel(flagged: float, rows: float, errors: DetectorErrors, z: float) -> tuple[float, float]:
    apparent, n = (flagged * rows + z * z / 2) / (rows + z * z), rows + z * z
    sensitivity, specificity = _shrunk(errors)
    gain = _gain(sensitivity, specificity)
    rate = (apparent + specificity - 1) / gain
    missed = sensitivity * (1 - sensitivity) / errors.present
    mistaken = specificity * (1 - specificity) / errors.absent
    shift = 2 * z * z * (rate * missed - (1 - rate) * mistaken)
    variance = apparent * (1 - apparent) / n + rate**2 * missed + (1 - rate) ** 2 * mistaken
    half = z * float(np.sqrt(variance)) / gain
    low, high = np.clip([rate + shift - half, rate + shift + half], 0.0, 1.0)
    return float(low), float(high)
