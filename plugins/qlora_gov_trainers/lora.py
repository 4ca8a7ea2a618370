"""LoRA matrices as all trainers here put them on a base."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from qlora_gov import ModelError
from qlora_gov_trainers.recipe import Recipe

if TYPE_CHECKING:
    import torch
    from peft import LoraConfig, PeftModel
    from transformers import PreTrainedModel

_ATTENTION = ("attn", "attention")
"""How modules that attend are called, or their classes: ``self_attn``, ``GPT2Attention``."""


def lora_config(model: PreTrainedModel, recipe: Recipe, dropout: float) -> LoraConfig:
    """The adapter that a recipe asks for on a base. Raises ModelError for targets that the base lacks."""
    from peft import LoraConfig

    return LoraConfig(
        r=recipe.rank,
        lora_alpha=recipe.alpha,
        lora_dropout=dropout,
        target_modules=_targets(model, recipe),
        use_rslora=recipe.rslora,
        use_dora=recipe.dora,
        bias="none",
        task_type="CAUSAL_LM",
    )


def targets_of(model: PeftModel) -> list[str]:
    """The names of the layers that have an adapter, as its configuration holds them."""
    return sorted(model.peft_config["default"].target_modules)


def _targets(model: PreTrainedModel, recipe: Recipe) -> list[str]:
    """The names that a recipe's targets stand for on a base; peft adapts each layer whose path ends in one of them."""
    from torch.nn import Linear

    head = model.get_output_embeddings()
    linears = {path: one for path, one in model.named_modules() if isinstance(one, Linear) and one is not head}
    if not isinstance(recipe.targets, str):
        if lacking := [name for name in recipe.targets if not any(f".{path}".endswith(f".{name}") for path in linears)]:
            known = sorted({_end(path) for path in linears})
            raise ModelError(
                f"training.targets: the base has no linear layer named {lacking[0]!r}; it has {', '.join(known)}"
            )
        return list(recipe.targets)
    decoder = model.get_decoder()
    within = set(decoder.modules() if recipe.targets == "all-linear" else _attending(decoder))
    wanted = [path for path, one in linears.items() if one in within]
    if not wanted:
        raise ModelError(f"training.targets: the base has no layers that are known to be {recipe.targets}; name them")
    foreign = {_end(path) for path in linears.keys() - set(wanted)}
    return list(dict.fromkeys(_end(path, 2 if _end(path) in foreign else 1) for path in wanted))


def _end(path: str, parts: int = 1) -> str:
    """What a path ends in: of ``h.0.attn.c_proj``, ``c_proj`` or ``attn.c_proj``."""
    return ".".join(path.split(".")[-parts:])


def _attending(decoder: torch.nn.Module) -> Iterator[torch.nn.Module]:
    """All that lies within modules that attend."""
    for path, module in decoder.named_modules():
        if path.lower().endswith(_ATTENTION) or type(module).__name__.lower().endswith(_ATTENTION):
            yield from module.modules()
