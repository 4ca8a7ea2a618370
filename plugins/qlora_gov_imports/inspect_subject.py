"""Who answered an evaluation of Inspect, in every form in which its providers are told."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from qlora_gov_imports.subjects import Answerer, is_adapter, named_adapter

_VLLM = frozenset({"vllm", "vllm-completions"})
_LOADED_BY_TRANSFORMERS = frozenset({"hf", "nnterp"})


def answerer(model: str, arguments: Mapping[str, Any]) -> Answerer:
    """Who answered. That no adapter did is never certain: transformers loads one by its own name, servers hold some.

    Args:
        model: ``provider/name``; with vLLM a colon ends the base's name, and an adapter's follows.
        arguments: those of ``-M``.
    """
    provider, _, name = model.partition("/")
    if provider in _VLLM and ":" in name:
        base, _, adapter = name.partition(":")
        return Answerer(True, adapter, f"{provider}/{base}")
    if (named := named_adapter(arguments)) is not None:
        return Answerer(True, named, model)
    loaded = arguments.get("model_path") or name
    if provider in _LOADED_BY_TRANSFORMERS and is_adapter(loaded):
        return Answerer(True, str(loaded))
    return Answerer(None)
