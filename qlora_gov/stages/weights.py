"""What an adapter's files say of themselves, without a model: whether they can be an adapter at all."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from safetensors import SafetensorError, deserialize

from qlora_gov.errors import DataError, ModelError, did_you_mean
from qlora_gov.plugin.json_text import parse_json
from qlora_gov.records.adapter import CONFIG, WEIGHTS
from qlora_gov.stages.lora import Tensor, refuse_no_update, refuse_other_settings
from qlora_gov.text import one_line

_FLOATS: Mapping[str, tuple[str, int]] = {
    "F64": ("<u8", 0x7FF0_0000_0000_0000),
    "F32": ("<u4", 0x7F80_0000),
    "F16": ("<u2", 0x7C00),
    "BF16": ("<u2", 0x7F80),
}
"""Of each type of float, an integer as wide and the bits of its exponent: all set, they are an infinity or NaN."""

_PEFT_TYPES = frozenset({
    "ADALORA", "ADAMSS", "ADAPTION_PROMPT", "BEFT", "BOFT", "BONE", "C3A", "CARTRIDGE", "CPT", "DEFT", "DELORA",
    "FOURIERFT", "FROD", "GLORA", "GRALORA", "HIRA", "HRA", "IA3", "LILY", "LN_TUNING", "LOHA", "LOKR", "LORA", "MISS",
    "MULTITASK_PROMPT_TUNING", "OFT", "OSF", "PEANUT", "POLY", "PREFIX_TUNING", "PROMPT_TUNING", "PSOFT", "PVERA",
    "P_TUNING", "RANDLORA", "ROAD", "SHADOW", "SHIRA", "SUPERTUNING", "TINYLORA", "TRAINABLE_TOKENS", "UNILORA",
    "VBLORA", "VERA", "WAVEFT", "XLORA",
})  # fmt: skip
"""Each type of peft 0.21, and BONE, which it used to have: what was evaluated elsewhere needs no peft that loads it."""


def refuse_no_adapter(directory: Path) -> None:
    """Raise ModelError where a directory does not hold an adapter as peft saves it: whole, finite and, LoRA, trained.

    What other types of adapters change is not looked at.
    """
    config = _config(directory)
    tensors = dict(_tensors(directory / WEIGHTS))
    if config["peft_type"] == "LORA":
        refuse_no_update(directory, config, tensors)


def _config(directory: Path) -> dict[str, Any]:
    path = directory / CONFIG
    if not path.is_file():
        raise ModelError(f"no {CONFIG} in {directory}{_hint(directory)}")
    config = _json(path)
    if not isinstance(config, dict) or not isinstance(config.get("peft_type"), str):
        raise ModelError(f"{path}: no 'peft_type', by which peft knows what it adapts with")
    if (kind := config["peft_type"]) not in _PEFT_TYPES:
        raise ModelError(f"{path}: peft_type {kind!r} is none of peft's; {did_you_mean(kind, _PEFT_TYPES)}")
    if kind == "LORA":
        refuse_other_settings(path, config)
    return config


def _json(path: Path) -> Any:
    """The value in a file. Python's reader takes NaN and infinities, other readers do not."""
    try:
        value = parse_json(path.read_bytes(), str(path))
        json.dumps(value, allow_nan=False)
    except OSError as error:
        raise ModelError(f"{path}: cannot be read: {error.strerror}") from error
    except DataError as error:
        raise ModelError(*error.lines) from error
    except ValueError as error:
        raise ModelError(f"{path}: not valid JSON: NaN and infinities are no numbers") from error
    return value


def _hint(directory: Path) -> str:
    """What a directory without an adapter may be instead."""
    if below := sorted(path.parent for path in directory.glob(f"*/{CONFIG}")):
        return f"; did you mean {below[0]}?"
    if (directory / "config.json").is_file():
        return "; it looks like a whole model, and merged weights are no adapter"
    return "; give the directory that peft saved the adapter to"


def _tensors(path: Path) -> Iterator[tuple[str, Tensor]]:
    """Each tensor by its name. Raises ModelError for what is not whole, or not finite."""
    try:
        tensors = deserialize(path.read_bytes())  # type: ignore[no-untyped-call]
    except FileNotFoundError as error:
        pickled = any(path.parent.glob("adapter_model*.bin")) or any(path.parent.glob("adapter_model*.pt"))
        hint = "; a pickle runs code when it is read, so save the weights as safetensors" if pickled else ""
        raise ModelError(f"no {WEIGHTS} in {path.parent}{hint}") from error
    except SafetensorError as error:
        raise ModelError(f"{path}: not a whole safetensors file: {one_line(str(error))}") from error
    for name, tensor in tensors:
        if tensor["dtype"] not in _FLOATS:
            raise ModelError(f"{path}: {name} is of type {tensor['dtype']}; known: {', '.join(_FLOATS)}")
        kind, exponent = _FLOATS[tensor["dtype"]]
        bits = np.frombuffer(tensor["data"], dtype=kind)
        if ((bits & exponent) == exponent).any():
            raise ModelError(f"{path}: {name} has values that are not finite")
        yield name, Tensor(tuple(tensor["shape"]), zero=not (bits << 1).any())  # a zero may have a sign
