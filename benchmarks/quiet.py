"""Whether a machine is quiet: two processes that only count should be nearly twice as fast as one."""

from __future__ import annotations

import multiprocessing
import time


def spun(count: int = 30_000_000) -> float:
    """Seconds that a count takes."""
    began = time.monotonic()
    for _ in range(count):
        pass
    return time.monotonic() - began


def control() -> float:
    """How much faster two processes count than one."""
    alone = 2 * spun()
    with multiprocessing.get_context("spawn").Pool(2) as pool:
        pool.map(spun, [1, 1])
        began = time.monotonic()
        pool.map(spun, [30_000_000] * 2)
        return alone / (time.monotonic() - began)
