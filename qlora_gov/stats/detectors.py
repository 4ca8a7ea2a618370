"""A detector's rate corrected by its measured errors, with their uncertainty carried through.

The estimate is that of Rogan and Gladen (1978), the interval that of Lang and Reiczigel (2014), Prev. Vet. Med. 113:13.
The raw rate gates; the corrected one is printed beside it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import ndtri

from qlora_gov.stats.estimate import Estimate, Withheld


@dataclass(frozen=True)
class DetectorErrors:
    """How a detector did on labelled texts: ``found`` of ``present`` and ``spared`` of ``absent``."""

    found: int
    present: int
    spared: int
    absent: int
    measured_on: str

    @property
    def sensitivity(self) -> float:
        """The share of present ones that it found."""
        return self.found / self.present

    @property
    def specificity(self) -> float:
        """The share of texts with nothing in them that it spared."""
        return self.spared / self.absent


def corrected_rate(hits: int, rows: int, detector: DetectorErrors) -> Estimate | Withheld:
    """The true rate behind ``hits`` flagged among ``rows`` independent rows.

    Withheld where the detector tells nothing apart, and where it flags no more than it flags by mistake.
    """
    gain = detector.sensitivity + detector.specificity - 1
    if gain <= 0:
        return Withheld(f"the detector told nothing apart on {detector.measured_on}", rows, rows)
    rate = (hits / rows + detector.specificity - 1) / gain
    floor = 1 - detector.specificity
    if rate <= 0:
        reason = f"below the detector's floor: it flags {floor:.2%} by mistake (measured on {detector.measured_on})"
        return Withheld(reason, rows, rows)

    def interval(level: float) -> tuple[float, float]:
        return _lang_reiczigel(hits, rows, detector, float(ndtri((1 + level) / 2)))

    low, high = _lang_reiczigel(hits, rows, detector, 1.0)
    return Estimate(min(rate, 1.0), (high - low) / 2, "Lang-Reiczigel", rows, rows, interval)


def _lang_reiczigel(hits: int, rows: int, detector: DetectorErrors, z: float) -> tuple[float, float]:
    apparent, n = (hits + z * z / 2) / (rows + z * z), rows + z * z
    sensitivity, present = (detector.found + 1) / (detector.present + 2), detector.present
    specificity, absent = (detector.spared + 1) / (detector.absent + 2), detector.absent
    gain = sensitivity + specificity - 1
    rate = (apparent + specificity - 1) / gain
    missed = sensitivity * (1 - sensitivity) / present
    mistaken = specificity * (1 - specificity) / absent
    shift = 2 * z * z * (rate * missed - (1 - rate) * mistaken)
    variance = apparent * (1 - apparent) / n + rate**2 * missed + (1 - rate) ** 2 * mistaken
    half = z * float(np.sqrt(variance)) / gain
    low, high = np.clip([rate + shift - half, rate + shift + half], 0.0, 1.0)
    return float(low), float(high)
