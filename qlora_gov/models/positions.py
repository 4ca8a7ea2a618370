"""How many positions a base was made for, and whether it breaks beyond them or goes on with wrong numbers."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from safetensors import SafetensorError, safe_open

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

_NAMES = ("max_position_embeddings", "n_positions", "max_sequence_length", "max_seq_len", "n_ctx", "seq_length")
_UNLIMITED = 10**9
"""From here on a number means that nobody set one: tokenizers write 1e30."""

_TABLE = re.compile(r"(wpe|embed_positions|position_embeddings?|pos_emb(ed)?(dings?)?)\.weight$")
_COMPUTED = {"gptj", "codegen", "mpt"}
"""Model types with a computed table of that many positions, which their files do not hold."""


@dataclass(frozen=True)
class Positions:
    """``limit`` positions, None where there is no limit; ``hard`` where the model breaks at the next one."""

    limit: int | None
    hard: bool = False

    def over(self, tokens: int) -> bool:
        """Whether so many tokens go beyond."""
        return self.limit is not None and tokens > self.limit


def positions_of(base: Path, tokenizer: PreTrainedTokenizerBase) -> Positions:
    """What a base's own files say, the tokenizer's limit only where the configuration has none.

    Scaled rotations count as far as their factor takes them, or the configured limit where that is more: some
    configurations have the scaled one there already. A sliding window is no limit, since later positions see part of
    what is before them, as they were trained to.
    """
    config: dict[str, Any] = json.loads((base / "config.json").read_text(encoding="utf-8"))
    config = config | (config.get("text_config") or {})
    limit = next((int(config[name]) for name in _NAMES if _is_number(config.get(name))), None)
    if limit is None:
        stated = tokenizer.model_max_length
        return Positions(int(stated) if stated < _UNLIMITED else None)
    hard = config.get("model_type") in _COMPUTED or _has_table(base)
    scaled = [_reach(rope, limit) for rope in _ropes(config)]
    return Positions(max([limit, *scaled]), hard) if limit < _UNLIMITED else Positions(None)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and value > 0


def _ropes(config: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The scalings of rotations, which can be one for each kind of layer."""
    found = [config.get("rope_scaling"), config.get("rope_parameters")]
    ropes: list[Mapping[str, Any]] = [rope for rope in found if isinstance(rope, dict)]
    return ropes + [inner for rope in ropes for inner in rope.values() if isinstance(inner, dict)]


def _reach(rope: Mapping[str, Any], limit: int) -> int:
    original: Any = rope.get("original_max_position_embeddings")
    factor: Any = rope.get("factor")
    return int((original if _is_number(original) else limit) * (factor if _is_number(factor) else 1))


def _has_table(base: Path) -> bool:
    """Whether the weights hold a learned vector for each position."""
    for file in base.glob("*.safetensors"):
        try:
            with safe_open(file, framework="numpy") as weights:
                if any(_TABLE.search(name) for name in weights.keys()):  # noqa: SIM118 - it is no mapping
                    return True
        except (OSError, SafetensorError):
            continue  # loading says what is wrong with it
    return False
