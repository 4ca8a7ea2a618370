"""A pass that is taken before the first step, to see what it takes: nothing that is computed changes by it."""

from __future__ import annotations

import resource
import time
from dataclasses import dataclass
from typing import Any

import torch

_MOMENTS = 8
"""Bytes of a trained parameter that AdamW takes at the first step: two moments in float32."""


@dataclass(frozen=True)
class Trial:
    """What a pass of ``tokens`` took in both directions: seconds, and the peak in bytes with the optimiser's moments.

    On CUDA the peak is of what torch reserved, on a CPU of the whole process; it is infinite where memory did not do.
    """

    tokens: int
    seconds: float
    peak: float


def tried(model: Any, inputs: dict[str, Any]) -> Trial:
    """Take a pass, both ways; the generators of random numbers stand afterwards where they stood."""
    trained = [one for one in model.parameters() if one.requires_grad]
    cuda = torch.cuda.is_available()
    if cuda:
        torch.cuda.empty_cache()
        torch.cuda.reset_peak_memory_stats()
        inputs = {name: one.cuda() if isinstance(one, torch.Tensor) else one for name, one in inputs.items()}
    seconds = float("inf")
    with torch.random.fork_rng([torch.cuda.current_device()] if cuda else []):
        try:
            for _ in range(1 + cuda):  # in the first one, kernels are compiled
                began = time.perf_counter()
                model(**inputs)["loss"].backward()
                if cuda:
                    torch.cuda.synchronize()
                seconds = time.perf_counter() - began
        except torch.OutOfMemoryError:
            return Trial(inputs["input_ids"].numel(), seconds, float("inf"))
        finally:
            for one in trained:
                one.grad = None
    peak = torch.cuda.max_memory_reserved() if cuda else 1024 * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return Trial(inputs["input_ids"].numel(), seconds, peak + _MOMENTS * sum(one.numel() for one in trained))
