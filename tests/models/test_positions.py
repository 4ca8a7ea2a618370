from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from qlora_gov.models.positions import Positions, positions_of
from tests.support.tiny import make_tiny_base


class Stated:
    def __init__(self, model_max_length: float = 1e30) -> None:
        self.model_max_length = model_max_length


def limit(tmp_path: Path, config: dict[str, Any], stated: float = 1e30) -> int | None:
    (tmp_path / "config.json").write_text(json.dumps(config))
    return positions_of(tmp_path, Stated(stated)).limit  # type: ignore[arg-type]


YARN = {"rope_type": "yarn", "factor": 4.0, "original_max_position_embeddings": 32768}
LLAMA3 = {"rope_type": "llama3", "factor": 8.0, "original_max_position_embeddings": 8192}


@pytest.mark.parametrize(
    ("config", "expected"),
    [
        ({"max_position_embeddings": 2048}, 2048),
        ({"n_positions": 1024}, 1024),
        ({"max_seq_len": 512}, 512),
        ({"text_config": {"max_position_embeddings": 64}}, 64),
        ({"max_position_embeddings": 32768, "sliding_window": 4096}, 32768),
        ({"max_position_embeddings": 4096, "rope_scaling": {"type": "linear", "factor": 2.0}}, 8192),
        ({"max_position_embeddings": 32768, "rope_scaling": YARN}, 131072),
        ({"max_position_embeddings": 131072, "rope_scaling": LLAMA3}, 131072),
        ({"max_position_embeddings": 100, "rope_parameters": {"rope_type": "default", "rope_theta": 1e4}}, 100),
        ({"max_position_embeddings": 100, "rope_parameters": {"full": {"factor": 2.0}, "sliding": {}}}, 200),
        ({"max_position_embeddings": 100, "rope_scaling": None}, 100),
        ({}, None),
    ],
)
def test_the_configuration_says_the_limit(tmp_path: Path, config: dict[str, Any], expected: int | None) -> None:
    assert limit(tmp_path, config) == expected


def test_the_tokenizer_says_it_where_the_configuration_does_not(tmp_path: Path) -> None:
    assert limit(tmp_path, {}, 2048) == 2048
    assert limit(tmp_path, {}, 1e30) is None
    assert limit(tmp_path, {"max_position_embeddings": 4096}, 2048) == 4096, "tokenizers are often copied with theirs"


@pytest.mark.parametrize(("shape", "hard"), [("llama", False), ("opt", True), ("gpt2", True)])
def test_a_learned_table_of_positions_is_where_a_model_breaks(tmp_path: Path, shape: str, hard: bool) -> None:
    base = make_tiny_base(tmp_path / "b", shape=shape, positions=40)
    found = positions_of(base, Stated())  # type: ignore[arg-type]
    assert found == Positions(40, hard)
    assert (found.over(40), found.over(41), Positions(None).over(10**9)) == (False, True, False)


@pytest.mark.parametrize("shape", ["opt", "gpt2"])
def test_the_last_position_is_one_that_the_model_has(tmp_path: Path, shape: str) -> None:
    """OPT's table has two more rows, which are no positions."""
    import torch
    from transformers import AutoModelForCausalLM

    model = AutoModelForCausalLM.from_pretrained(make_tiny_base(tmp_path / "b", shape=shape, positions=40))
    model(input_ids=torch.ones((1, 40), dtype=torch.long), attention_mask=torch.ones((1, 40), dtype=torch.long))
    with pytest.raises(IndexError):
        model(input_ids=torch.ones((1, 41), dtype=torch.long), attention_mask=torch.ones((1, 41), dtype=torch.long))
