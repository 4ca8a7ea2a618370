"""Adapters as peft saves them, of a few numbers: enough for everything that loads no model."""

from __future__ import annotations

import json
import zlib
from pathlib import Path
from typing import Any

import numpy as np
from safetensors.numpy import save

CONFIG = {"peft_type": "LORA", "r": 2, "lora_alpha": 4, "target_modules": ["q_proj"]}
LAYER = "base_model.model.model.layers.0.self_attn.q_proj"


def adapter_bytes(name: str) -> bytes:
    """The weights of an adapter: others for every name."""
    draws = np.random.default_rng(zlib.crc32(name.encode()))
    shapes = {"lora_A": (2, 8), "lora_B": (8, 2)}
    return save({f"{LAYER}.{part}.weight": draws.random(shape, dtype=np.float32) for part, shape in shapes.items()})


def write_adapter(directory: Path, name: str, **config: Any) -> Path:
    """Write an adapter's two files."""
    directory.mkdir(parents=True, exist_ok=True)
    (directory / "adapter_model.safetensors").write_bytes(adapter_bytes(name))
    (directory / "adapter_config.json").write_text(json.dumps(CONFIG | config))
    return directory
