"""Who answered, as far as a log says: a base, or an adapter on one."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ADAPTER_CONFIG = "adapter_config.json"

_ADAPTER = frozenset({"adapter", "adapters", "lora", "loras", "peft", "qlora"})
_WHERE = re.compile("checkpoint|ckpt|default|dir|directory|file|hub|ids?|local|models?|modules?|names?|or|paths?|"
                    "pretrained|repo|requests?|weights?")  # fmt: skip
"""Of what the key of an adapter's name is made: ``peft``, ``lora_local_path``, ``adapter_name_or_path``.

Others say how a server holds adapters, as ``enable_lora`` and ``max_lora_rank`` do, and name none.
"""


@dataclass(frozen=True)
class Answerer:
    """Who answered. ``adapter`` is None where the log cannot tell; ``name`` is what it calls the adapter."""

    adapter: bool | None
    name: str | None = None
    base: str | None = None


def named_adapter(arguments: Mapping[str, Any]) -> str | None:
    """What a model's arguments call an adapter, under whichever key; None where they name none."""
    for key, value in arguments.items():
        words = set(re.split(r"[^a-z]+", key.lower()))
        located = all(map(_WHERE.fullmatch, words - _ADAPTER))
        if words & _ADAPTER and located and (name := given(value)) is not None:
            return name
    return None


def given(value: Any) -> str | None:
    """A model's argument as text; None where it names nothing: empty, a number, true, false, or a spelling of None."""
    if isinstance(value, Mapping):
        return ", ".join(f"{name}={one}" for name, one in value.items()) or None
    if isinstance(value, list | tuple):
        return ", ".join(filter(None, map(given, value))) or None
    return value if isinstance(value, str) and value.strip().lower() not in _NOTHING else None


_NOTHING = frozenset({"", "none", "null", "false", "true"})


def is_adapter(name: object) -> bool:
    """Whether a model's name is an adapter's directory at hand, which transformers then loads on its base."""
    return isinstance(name, str) and (Path(name).expanduser() / ADAPTER_CONFIG).is_file()
