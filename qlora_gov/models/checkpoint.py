"""Whether a base's files are one whole model, so that the model on record is the one that is loaded.

transformers itself fills what is missing with random numbers, leaves out what does not fit its configuration, holds
weights as their configuration says whatever is asked for, and puts an adapter that lies beside them onto them.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

from qlora_gov.errors import ModelError

ADAPTER = "adapter_config.json"
"""What makes transformers load an adapter, and the weights that it names in place of those beside it."""


def refuse_adapter_beside(path: Path) -> None:
    """Raise ModelError where a base's directory holds an adapter, too."""
    if (path / ADAPTER).is_file():
        raise ModelError(
            f"base: {path} holds an adapter beside its weights ({ADAPTER}), which would be loaded with them; "
            "give the base a directory of its own"
        )


def refuse_other_quantisation(path: Path, asked: str) -> None:
    """Raise ModelError where a base's weights are stored quantised otherwise than ``asked``, nf4 or none."""
    try:
        config = json.loads((path / "config.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return  # whoever loads it says what is wrong with it
    stored = config.get("quantization_config") if isinstance(config, dict) else None
    held = _held(stored) if isinstance(stored, Mapping) else None
    if held not in (None, asked):
        raise ModelError(
            f"base: {path} holds weights that are quantised already ({held}), which cannot be had as {asked}; give "
            "the unquantised weights" + (", or set base.quantization: nf4" if held == "nf4" else "")
        )


def _held(stored: Mapping[str, Any]) -> str:
    """How the weights are stored, in a word or two."""
    method = str(stored.get("quant_method", "bitsandbytes"))
    if method != "bitsandbytes":
        return method
    if stored.get("load_in_4bit") or stored.get("_load_in_4bit"):
        return str(stored.get("bnb_4bit_quant_type", "fp4"))
    return "int8"


def refuse_gaps(path: Path, names: Collection[str], found: Mapping[str, Collection[Any]]) -> None:
    """Raise ModelError where weights are missing, do not fit, or are of layers that the configuration leaves out.

    ``names`` are all weights of the loaded model, ``found`` is what transformers says of loading them. Weights of
    other parts, such as an image encoder beside a language model, are passed over.
    """
    odd = {
        "lacks": _texts(found["missing_keys"]),
        "has in another shape": _texts(found["mismatched_keys"]),
        "has more layers than its config.json, such as": _beyond(names, _texts(found["unexpected_keys"])),
    }
    for what, weights in odd.items():
        if weights:
            more = f" and {len(weights) - 1} more" if len(weights) > 1 else ""
            raise ModelError(f"base: {path} is no whole model: it {what} {min(weights)}{more}")


def _texts(keys: Collection[Any]) -> set[str]:
    """Names of weights; one in another shape comes with both shapes."""
    return {key if isinstance(key, str) else str(key[0]) for key in keys}


def _beyond(names: Collection[str], unexpected: set[str]) -> set[str]:
    """What is named as a weight of the model is, but for the number of its layer."""
    known = {_unnumbered(name) for name in names}
    return {name for name in unexpected if _unnumbered(name) in known and re.search(r"\d", name)}


def _unnumbered(name: str) -> str:
    return re.sub(r"\.\d+\.", ".#.", name)
