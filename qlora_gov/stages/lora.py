"""What the configuration and the weights of a LoRA adapter say of each other, and whether they change anything.

An update is the product of two factors, ``lora_A`` and ``lora_B``, times a scale; peft begins with one of them zero.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator, Mapping, Set
from pathlib import Path
from typing import Any, NamedTuple

from qlora_gov.errors import ModelError
from qlora_gov.records.adapter import CONFIG, WEIGHTS

_FACTOR = re.compile(r"(.+)(\.lora_(?:embedding_)?)([AB])((?:\.(?!bias$).+)?)")
"""The name of a factor: its layer, and what stands before and after the letter. A bias has no other factor."""


class Tensor(NamedTuple):
    """What is asked of a tensor."""

    shape: tuple[int, ...]
    zero: bool


class _Pair(NamedTuple):
    """The names of an update's factors, and of the layer that it changes."""

    layer: str
    a: str
    b: str


def refuse_other_settings(path: Path, config: Mapping[str, Any]) -> None:
    """Raise ModelError where a LoRA configuration sets what no update can be of, in the file at ``path``."""
    _refuse_no_rank(path, "r", config.get("r"))
    _refuse_no_alpha(path, "lora_alpha", config.get("lora_alpha"))
    for key, refuse in (("rank_pattern", _refuse_no_rank), ("alpha_pattern", _refuse_no_alpha)):
        for pattern, value in _by_layer(path, key, config).items():
            _refuse_no_pattern(path, key, pattern)
            refuse(path, f"{key}[{pattern!r}]", value)
    _refuse_no_targets(path, config)


def refuse_no_update(directory: Path, config: Mapping[str, Any], tensors: Mapping[str, Tensor]) -> None:
    """Raise ModelError where LoRA weights are not in pairs of the configured ranks, or no pair changes its layer."""
    path = directory / WEIGHTS
    pairs = list(_pairs(path, tensors))
    if not pairs:
        raise ModelError(f"{path}: no lora_A and lora_B are in it, by which a LoRA adapter changes its base")
    for pair in pairs:
        _refuse_other_rank(path, pair, config, tensors)
    changing = [pair for pair in pairs if _changes(pair, tensors)]
    if not changing:
        raise ModelError(
            f"{path}: in every pair lora_A or lora_B is zero, so that none changes its layer; train it first"
        )
    # A negative scale is taken: it subtracts what was learned, which is a change like any other.
    if not any(alpha for pair in changing for alpha in _of_layer(config, "lora_alpha", "alpha_pattern", pair.layer)):
        raise ModelError(
            f"{directory / CONFIG}: every pair is scaled by 0 (lora_alpha, or alpha_pattern), so that none changes its "
            "layer; give the scale of the training"
        )


def _refuse_no_rank(path: Path, name: str, value: Any) -> None:
    if not isinstance(value, int) or isinstance(value, bool) or value < 1:
        raise ModelError(f"{path}: {name}, the rank, should be a whole number from 1, not {value!r}")


def _refuse_no_alpha(path: Path, name: str, value: Any) -> None:
    # An integer may be beyond every float, and then no scale can be computed from it.
    if not isinstance(value, int | float) or isinstance(value, bool) or not abs(value) <= sys.float_info.max:
        raise ModelError(f"{path}: {name} should be a number, not {value!r}")


def _by_layer(path: Path, key: str, config: Mapping[str, Any]) -> dict[str, Any]:
    values = config.get(key)
    if values is None:
        return {}
    if not isinstance(values, dict):
        raise ModelError(f"{path}: {key} should give a number for each pattern of layers, not {values!r}")
    return values


def _refuse_no_pattern(path: Path, key: str, pattern: str) -> None:
    try:
        _matcher(pattern)
    except (re.error, OverflowError, RecursionError) as error:
        raise ModelError(f"{path}: {key}: {pattern!r} is no regular expression: {error}") from error


def _refuse_no_targets(path: Path, config: Mapping[str, Any]) -> None:
    """Null is taken, by which peft chooses the layers itself, and an empty list beside ``target_parameters``."""
    targets, parameters = config.get("target_modules"), config.get("target_parameters")
    if targets is None or (targets == [] and parameters):
        return
    named = [targets] if isinstance(targets, str) else targets
    if not isinstance(named, list) or not named or not all(isinstance(name, str) and name for name in named):
        raise ModelError(f"{path}: target_modules should name the layers that it adapts, not {targets!r}")


def _pairs(path: Path, tensors: Mapping[str, Tensor]) -> Iterator[_Pair]:
    for name in sorted(tensors):
        if (found := _FACTOR.fullmatch(name)) is None:
            continue
        layer, start, factor, end = found.groups()
        other = f"{layer}{start}{'B' if factor == 'A' else 'A'}{end}"
        if other not in tensors:
            raise ModelError(f"{path}: {name} is there without {other}")
        if factor == "A":
            yield _Pair(layer, name, other)


def _refuse_other_rank(path: Path, pair: _Pair, config: Mapping[str, Any], tensors: Mapping[str, Tensor]) -> None:
    a, b = tensors[pair.a].shape, tensors[pair.b].shape
    ranks = _of_layer(config, "r", "rank_pattern", pair.layer)
    if len(a) < 2 or not any(_fits(a[0], rank, config) for rank in ranks):
        wanted = " or ".join([*map(str, sorted(ranks)), *(["a multiple"] if config.get("target_parameters") else [])])
        raise ModelError(f"{path}: {pair.a} is of shape {_shape(a)}; its first number should be {wanted}, by {CONFIG}")
    # The columns of a block-diagonal lora_B, and of one for a convolution in groups, are split among these.
    split = len(a) > 2 or config.get("use_bdlora")
    if len(b) < 2 or not b[1] or (a[0] % b[1] if split else a[0] != b[1]):
        raise ModelError(f"{path}: {pair.b} is of shape {_shape(b)}; its second number should be {a[0]}, by its lora_A")


def _fits(rows: int, rank: int, config: Mapping[str, Any]) -> bool:
    """Whether a lora_A of this rank can have so many rows: those of a parameter's experts stand below each other."""
    return rows == rank or (bool(config.get("target_parameters")) and rows > 0 and rows % rank == 0)


def _of_layer(config: Mapping[str, Any], name: str, patterns: str, layer: str) -> Set[int]:
    """What a setting can be for a layer: one value, or any where parameters are adapted, which no weight's name tells.

    peft looks patterns up by the name that the layer has without the adapter.
    """
    by_pattern: Mapping[str, Any] = config.get(patterns) or {}
    if config.get("target_parameters"):
        return {config[name], *by_pattern.values()}
    plain = layer.removeprefix("base_model.model.").partition(".base_layer")[0]
    return {next((value for pattern, value in by_pattern.items() if _matcher(pattern).match(plain)), config[name])}


def _matcher(pattern: str) -> re.Pattern[str]:
    """What peft matches the names of layers with, for a pattern of its configuration."""
    return re.compile(rf"(.*\.)?({pattern})$")


def _changes(pair: _Pair, tensors: Mapping[str, Tensor]) -> bool:
    """Whether the product is not zero, or a bias is added to it."""
    bias = tensors.get(f"{pair.b.removesuffix('.weight')}.bias")
    return not (tensors[pair.a].zero or tensors[pair.b].zero) or not (bias is None or bias.zero)


def _shape(shape: tuple[int, ...]) -> str:
    return "x".join(map(str, shape)) or "one number"
