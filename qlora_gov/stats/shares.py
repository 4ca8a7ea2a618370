"""Whole numbers in the proportions of shares."""

from __future__ import annotations

import math
from collections.abc import Mapping


def apportioned(total: int, shares: Mapping[str, float], ahead: Mapping[str, float] | None = None) -> dict[str, int]:
    """``total`` in whole numbers by largest remainders (Hamilton's method); ``shares`` sum to 1.

    What earlier divisions gave more than was due is ``ahead``, and stands back when remainders are given away.
    """
    counts = {name: math.floor(total * share + 1e-9) for name, share in shares.items()}
    over = {name: counts[name] - total * share + (ahead or {}).get(name, 0.0) for name, share in shares.items()}
    for name in sorted(shares, key=lambda name: (over[name], name))[: total - sum(counts.values())]:
        counts[name] += 1
    return counts
