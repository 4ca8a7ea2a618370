"""Bounds by inversion of a test: how far the values that a test rejects reach, from below."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from qlora_gov.stats.clusters import Floats

POINTS, ROUNDS = 9, 4
"""Values tried in a round, each round between two neighbours of the one before: to 1 / 8^4 of the range."""


def rejected_up_to(p_values: Callable[[Floats], Floats], low: float, high: float, tail: float) -> float:
    """The greatest value of which it and all tried below it, from ``low`` on, are rejected at ``tail``.

    ``p_values`` maps values ``[m]`` to p-values ``[m]``. They need not rise steadily: a bound that lies beyond a value
    that is not rejected would clear limits that it must not. Gives ``low`` where that is not rejected.
    """
    untried = 0
    for _ in range(ROUNDS):
        values = np.linspace(low, high, POINTS)
        kept = np.flatnonzero(p_values(values[untried:-1]) > tail)
        first = untried + int(kept[0]) if kept.size else POINTS - 1
        if first == 0:
            return float(low)
        low, high, untried = values[first - 1], values[first], 1  # both ends of the next round are known
    return float(low)
