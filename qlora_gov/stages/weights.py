"""What an adapter's files say of themselves, without a model: whether they can be an adapter at all."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NoReturn

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError, deserialize

from qlora_gov.errors import ModelError
from qlora_gov.records.adapter import CONFIG, WEIGHTS
from qlora_gov.text import one_line

_FLOATS: Mapping[str, tuple[str, int]] = {
    "F64": ("<u8", 0x7FF0_0000_0000_0000),
    "F32": ("<u4", 0x7F80_0000),
    "F16": ("<u2", 0x7C00),
    "BF16": ("<u2", 0x7F80),
}
"""Of each type of float, an integer as wide and the bits of its exponent: all set, they are an infinity or NaN."""


def refuse_no_adapter(directory: Path) -> None:
    """Raise ModelError where a directory does not hold an adapter as peft saves it, whole, finite and trained."""
    config = _config(directory)
    names = set()
    trained = False
    for name, values in _tensors(directory / WEIGHTS):
        names.add(name)
        trained = trained or (".lora_B." in name and bool(values.any()))
    if config.get("peft_type") == "LORA":
        for name in sorted(names):
            other = name.replace(".lora_A.", ".lora_B.") if ".lora_A." in name else name.replace(".lora_B.", ".lora_A.")
            if other not in names:
                raise ModelError(f"{directory / WEIGHTS}: {name} is there without {other}")
        if not trained:
            raise ModelError(f"{directory / WEIGHTS}: every lora_B is zero, so that it answers as its base does")


def _config(directory: Path) -> dict[str, Any]:
    path = directory / CONFIG
    if not path.is_file():
        raise ModelError(f"no {CONFIG} in {directory}{_hint(directory)}")
    try:
        config = json.loads(path.read_text(encoding="utf-8"), parse_constant=_refuse_constant)
    except (OSError, ValueError, RecursionError) as error:
        raise ModelError(f"{path}: not valid JSON: {one_line(str(error))}") from error
    if not isinstance(config, dict) or not isinstance(config.get("peft_type"), str):
        raise ModelError(f"{path}: no 'peft_type', by which peft knows what it adapts with")
    if config["peft_type"] == "LORA":
        _check_lora(path, config)
    return config


def _check_lora(path: Path, config: Mapping[str, Any]) -> None:
    rank, alpha = config.get("r"), config.get("lora_alpha")
    if not isinstance(rank, int) or isinstance(rank, bool) or rank < 1:
        raise ModelError(f"{path}: r, the rank, should be a whole number from 1, not {rank!r}")
    if not isinstance(alpha, int | float) or isinstance(alpha, bool) or not math.isfinite(alpha):
        raise ModelError(f"{path}: lora_alpha should be a number, not {alpha!r}")


def _hint(directory: Path) -> str:
    """What a directory without an adapter may be instead."""
    if below := sorted(path.parent for path in directory.glob(f"*/{CONFIG}")):
        return f"; did you mean {below[0]}?"
    if (directory / "config.json").is_file():
        return "; it looks like a whole model, and merged weights are no adapter"
    return "; give the directory that peft saved the adapter to"


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no number")


def _tensors(path: Path) -> Iterator[tuple[str, NDArray[Any]]]:
    """Each tensor's name, and its values as integers with the sign bit off, so that only zeros are zero."""
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
        yield name, bits << 1
