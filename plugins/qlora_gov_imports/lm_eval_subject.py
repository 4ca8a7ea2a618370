"""Who answered a run of lm-evaluation-harness, in every form in which its backends are told."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from qlora_gov_imports.subjects import Answerer, given, is_adapter, named_adapter

_LOADERS = frozenset(
    {
        "habana",
        "hf",
        "hf-audiolm-qwen",
        "hf-auto",
        "hf-mistral3",
        "hf-multimodal",
        "huggingface",
        "ipex",
        "mamba_ssm",
        "neuronx",
        "openvino",
        "sglang",
        "steered",
        "vllm",
        "vllm-vlm",
    }
)
"""Backends that load ``pretrained`` themselves. Behind the others is an endpoint, or an engine that was built before:
these may hold an adapter of which the harness knows nothing."""

_LOADED_BY_TRANSFORMERS = _LOADERS - {"sglang", "vllm", "vllm-vlm"}


def answerer(backend: Any, model_args: Any, config: Mapping[str, Any]) -> Answerer:
    """Who answered.

    Args:
        backend: what ``--model`` named; None where the log does not say, as older ones do not.
        model_args: as they stand in the log.
        config: what else the run's configuration says; of an adapter that was given from Python, its commit.
    """
    arguments = parsed(model_args)
    base = given(arguments.get("pretrained"))
    if (name := named_adapter(arguments)) is not None:
        return Answerer(True, name, base)
    if "peft_sha" in config:
        return Answerer(True)
    loads = backend in _LOADERS or (backend is None and base is not None)
    if not loads or base is None:
        return Answerer(None)
    if (backend is None or backend in _LOADED_BY_TRANSFORMERS) and is_adapter(base):
        return Answerer(True, base)
    return Answerer(False)


def parsed(model_args: Any) -> dict[str, Any]:
    """A model's arguments by name: of a mapping, its JSON, ``key=value,key=value``, or a list of such."""
    if isinstance(model_args, Mapping):
        return {str(key).strip(): value for key, value in model_args.items()}
    if isinstance(model_args, list | tuple):
        return {key: value for part in model_args for key, value in parsed(part).items()}
    if not isinstance(model_args, str):
        return {}
    try:
        found = json.loads(model_args)
    except (ValueError, RecursionError):
        found = None
    if isinstance(found, dict):
        return parsed(found)
    pairs = (part.partition("=") for part in model_args.split(",") if part.strip())
    return {key.strip(): _unquoted(value.strip()) for key, _, value in pairs}


def _unquoted(value: str) -> str:
    quoted = len(value) >= 2 and value[0] == value[-1] and value[0] in "'\""
    return value[1:-1] if quoted else value
