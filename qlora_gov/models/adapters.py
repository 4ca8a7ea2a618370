"""Adapters put onto a base: all of their weights, or none.

peft takes what it finds: weights under other names, or none at all, answer as the base does, and it says at most a
warning. So everything that a file holds must have a place, and every place must be filled.
"""

from __future__ import annotations

import json
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qlora_gov.errors import ModelError
from qlora_gov.records.adapter import CONFIG, WEIGHTS
from qlora_gov.text import one_line

if TYPE_CHECKING:
    from peft import PeftModel
    from transformers import PreTrainedModel


def load_adapter(model: PreTrainedModel, path: Path) -> PreTrainedModel:
    """Put the adapter in a local directory onto a base. Raises ModelError where it does not fit, in part or at all."""
    from peft import PeftModel
    from safetensors import SafetensorError

    for name in (CONFIG, WEIGHTS):  # without them, peft would look for pickles, and on the Hub
        if not (path / name).is_file():
            raise ModelError(f"adapter: {path} does not fit the base: there is no {name} in it")
    try:
        _check_config(path)
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", "Found missing adapter keys")  # which are an error here
            warnings.filterwarnings("ignore", "Unexpected keyword arguments")  # the same of all that are set
            adapted = PeftModel.from_pretrained(model, path, is_trainable=False)
        _check_weights(adapted, path)
    except (OSError, ValueError, RuntimeError, KeyError, TypeError, SafetensorError) as error:
        raise ModelError(f"adapter: {path} does not fit the base: {one_line(str(error))[:300]}") from error
    return adapted


def _check_config(path: Path) -> None:
    """Raise ValueError for what the adapter's configuration sets, and this peft would ignore."""
    from peft import PEFT_TYPE_TO_CONFIG_MAPPING, PeftType

    config = json.loads((path / CONFIG).read_text(encoding="utf-8"))
    known = PEFT_TYPE_TO_CONFIG_MAPPING[PeftType(config["peft_type"])].__dataclass_fields__
    if unknown := sorted(name for name, value in config.items() if value and name not in known):
        raise ValueError(f"{CONFIG} sets {unknown[0]!r}, which the installed version of peft does not know")


def _check_weights(adapted: PeftModel, path: Path) -> None:
    """Raise ModelError for weights without a place, places without weights, and weights that are not finite."""
    from peft import get_peft_model_state_dict
    from safetensors import safe_open

    with safe_open(path / WEIGHTS, framework="pt") as file:
        stored = set(file.keys())
        spoilt = [name for name in sorted(stored) if not file.get_tensor(name).isfinite().all()]
    expected = set(get_peft_model_state_dict(adapted, save_embedding_layers=False))
    lacking, foreign = expected - stored, stored - expected - set(_embeddings(adapted))
    what = (lacking, "it has no"), (foreign, "it has, and the base takes no,"), (spoilt, "not finite is its")
    for names, says in what:
        if names:
            first, more = min(names), f" and {len(names) - 1} more" if len(names) > 1 else ""
            raise ModelError(f"adapter: {path} does not fit the base: {says} {first}{more}")


def _embeddings(adapted: PeftModel) -> Iterator[str]:
    """What peft calls the weights of embeddings, which it saves besides where they were resized or adapted."""
    layers: tuple[Any, ...] = (adapted.get_input_embeddings(), adapted.get_output_embeddings())
    for name, module in adapted.named_modules():
        if any(module is layer for layer in layers):
            yield from (f"{name}.weight", f"{name}.base_layer.weight")
