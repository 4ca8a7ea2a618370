"""LoRA matrices as all trainers here put them on a base."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qlora_gov import ModelError
from qlora_gov.models.loading import quantised_layers
from qlora_gov_trainers.recipe import Recipe

if TYPE_CHECKING:
    from peft import LoraConfig
    from transformers import PreTrainedModel


def lora_config(recipe: Recipe, dropout: float) -> LoraConfig:
    """The adapter that a recipe asks for."""
    from peft import LoraConfig

    return LoraConfig(
        r=recipe.rank,
        lora_alpha=recipe.alpha,
        lora_dropout=dropout,
        target_modules=list(recipe.targets),
        bias="none",
        task_type="CAUSAL_LM",
    )


def check_targets(model: PreTrainedModel, recipe: Recipe) -> None:
    """Raise ModelError for target modules that a base lacks."""
    layers = set(quantised_layers(model))
    known = sorted({name.rsplit(".", 1)[-1] for name, layer in model.named_modules() if layer in layers})
    if lacking := [name for name in recipe.targets if name not in known]:
        raise ModelError(
            f"training.targets: the base has no linear layer named {lacking[0]!r}; it has {', '.join(known)}"
        )
