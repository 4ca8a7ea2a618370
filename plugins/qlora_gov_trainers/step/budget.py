"""A step fitted to a budget of a card's memory: by prediction where the layers are known, else by trying."""

from __future__ import annotations

from typing import Any

import torch

from qlora_gov import TrainingError
from qlora_gov.models.chat import Tokenised
from qlora_gov_trainers.step.memory import GB, Shape, planned
from qlora_gov_trainers.step.model import Ready
from qlora_gov_trainers.step.packs import packed
from qlora_gov_trainers.step.trial import tried


def budget_of(setting: str) -> float:
    """The bytes that a setting such as ``22GB`` stands for, and no more than the current device has free."""
    free, _ = torch.cuda.mem_get_info()
    free = float(free + torch.cuda.memory_reserved())
    return free if setting == "auto" else min(free, float(setting.removesuffix("GB")) * GB)


def fit(model: Any, ready: Ready, longest: int, rows: int, budget: float) -> tuple[int, str]:
    """Fit passes of up to ``rows`` rows of up to ``longest`` tokens; gives the tokens of a pass, and a line on it.

    Raises TrainingError where not even one row fits.
    """
    if ready.layers:
        plan = planned(Shape.of(model, ready.layers), longest, rows, budget)
        plan.apply(ready.layers)
        return plan.tokens, str(plan)
    row = Tokenised([0] * longest, [0] * longest)
    for again in (False, True):
        if again:
            model.gradient_checkpointing_enable({"use_reentrant": False})
        for count in range(rows if ready.packs else 1, 0, -1):
            if (peak := tried(model, packed([row] * count)).peak) <= budget:
                how = "all layers are computed again" if again else "all that a layer computes is kept"
                return longest * count, f"{longest * count:,} tokens a pass; {how}; measured peak {peak / GB:.1f} GB"
    raise TrainingError(
        f"training.memory_budget: {budget / GB:.1f} GB do not do for a row of {longest:,} tokens; give more, or drop "
        "the longest rows with the length filter"
    )
