"""The recipe of ``dpo``: the playbook's where it applies, and what preference tuning has of its own."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from pydantic import Field

from qlora_gov_trainers.recipe import RANKS, Recipe, Values


class DpoSettings(Recipe):
    """Settings of ``dpo``. Without ``alpha``, a rank that is not the preset's own gets twice the rank.

    ``micro_batch`` counts pairs, ``accumulation`` micro batches in an optimiser step, ``max_length`` tokens of a prompt
    with one of its answers. A fortieth of the playbook's learning rate, for one epoch, is what preference tuning bears:
    far from the base, a model forgets how to answer.
    """

    presets: ClassVar[Mapping[str, Values]] = {
        **RANKS,
        "demo": {"rank": 16, "alpha": 32, "accumulation": 1, "warmup_steps": 5, "learning_rate": 2e-4},
    }
    beta: float = Field(
        default=0.1, gt=0, description="how dear it is to move away from the base; a greater one stays nearer to it"
    )
    learning_rate: float = Field(default=5e-6, gt=0, description="the peak; a cosine follows")
    epochs: float = Field(default=1, gt=0, description="passes over the data")
