"""A model whose dropout is switched off, without ever being in eval mode."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch

from qlora_gov.models.loading import quantised_layers


@contextmanager
def undropped(model: torch.nn.Module) -> Iterator[None]:
    """Let everything but the 4-bit layers, which drop nothing, take itself to be out of training.

    In eval mode bitsandbytes packs a 4-bit layer's weights anew on some processors, through which no gradient comes.
    """
    quantised = set(quantised_layers(model))
    changed = [module for module in model.modules() if module.training and module not in quantised]
    for module in changed:
        module.training = False
    try:
        yield
    finally:
        for module in changed:
            module.training = True
